#!/usr/bin/env python3
"""Expansion of a long list, alone: `sluice serve` reads a campaign that starts in a year.

    bench/expansion.py [--rows N] [--domains N] [--suppressed N] [--rounds N]

One line of JSON a step; nothing here fails a test.

Rows have five merge fields besides the address; duplicates are looked for; every run of rows is synced
with the checkpoint. At half of the list the process is killed and started again: the rows before are read
again, to know their addresses. Once more at the end; then the campaign is paused and cancelled.
With --suppressed nothing is killed; each round expands the list twice: against an empty suppression book, and
against one of that many addresses, one in a hundred of which is on the list.
"""
import json
import os
import pathlib
import tempfile
import time

from end_to_end import LIMIT_S, Engine, Mark, between, options_of, write_campaign
from lib.processes import wait_until
from lib.service import Service

SETTINGS = 'start = 2099-01-01T00:00:00Z\n'


def disk_bytes(folder):
    return sum(file.stat().st_size for file in pathlib.Path(folder).rglob("*") if file.is_file())


def timed(action):
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


def show(**fields):
    print(json.dumps({name: round(value, 3) if isinstance(value, float) else value
                      for name, value in fields.items()}), flush=True)


def suppress(service, folder, count, rows, domains):
    """Every hundredth address is one of the list's."""
    path = folder / "suppressed.txt"
    with open(path, "w", encoding="ascii") as out:
        for number in range(count):
            listed = number % 100 == 0 and number // 100 < rows
            row = number // 100 if listed else number
            domain = row * 2654435761 % domains if listed else number % 300_000
            out.write(f"{'r' if listed else 'nobody'}{row}@d{domain}.test\n")
    took = timed(lambda: service.run("suppress", "import", str(path), limit_s=LIMIT_S))
    show(step="import", rows=count, per_s=count / took)
    path.unlink()


def resume(service, rows):
    """Kill -9 at half of the list; from `ready` to the first row that was not read before."""
    wait_until("half read", lambda: service.campaign("bench")["injected"] >= rows / 2, LIMIT_S, 0.02)
    service.kill()
    service.start()
    begun = time.monotonic()
    before = service.campaign("bench")["injected"]
    wait_until("further", lambda: service.campaign("bench")["injected"] > before, LIMIT_S, 0.01)
    took = time.monotonic() - begun
    show(step="resume after kill -9", rows=before, seconds=took, rows_per_s=before / took)


def expand(service, rows, begin):
    engine = Engine(service.child.process.pid)
    marks = []
    for share in (begin, 0.98):
        goal = rows * share
        wait_until("read", lambda goal=goal: service.campaign("bench")["injected"] >= goal, LIMIT_S, 0.02)
        marks.append(Mark(service.campaign("bench")["injected"], engine))
    wait_until("all read", lambda: service.campaign("bench")["expanded"], LIMIT_S, 0.05)
    span = between(*marks)
    show(step="expand", rows=rows, suppressed=service.campaign("bench")["suppressed"], per_s=span["per_s"],
         cpu_us=span["user_us"] + span["system_us"],
         written=span["disk_bytes"], store_bytes=disk_bytes(service.data / "store") / rows,
         peak_mib=engine.peak_mib())


def one_round(options, suppressed):
    with tempfile.TemporaryDirectory(prefix="sluice-expansion-") as name:
        folder = pathlib.Path(name)
        service = Service(options.sluice, folder / "service")
        service.unsigned("shop.test")
        path = write_campaign(folder / "made", "bench", options.rows, options.domains, 0)
        settings = path / "campaign.toml"
        settings.write_text(SETTINGS + settings.read_text())
        try:
            service.start()
            if suppressed:
                suppress(service, folder, suppressed, options.rows, options.domains)
            os.rename(path, service.spool / "incoming" / "bench")
            wait_until("taken", lambda: service.campaign("bench"), 60, 0.02)
            if options.suppressed:
                return expand(service, options.rows, 0.02)
            resume(service, options.rows)
            expand(service, options.rows, 0.52)
            restart_and_cancel(service, options.rows)
        finally:
            service.kill()


def restart_and_cancel(service, rows):
    service.kill()
    show(step="start after kill -9", seconds=timed(service.start), queued=service.campaign("bench")["queued"])
    show(step="pause", seconds=timed(lambda: service.run("campaign", "pause", "bench")))
    show(step="cancel", seconds=timed(lambda: service.run("campaign", "cancel", "bench")))
    engine = Engine(service.child.process.pid)
    swept = timed(lambda: wait_until(
        "cancelled", lambda: service.campaign("bench")["queued"] == 0, LIMIT_S, 0.2))
    show(step="sweep", per_s=rows / swept, peak_mib=engine.peak_mib())


def main():
    options = options_of(__doc__, rows=10_000_000, domains=300_000, suppressed=0, rounds=1)
    for _ in range(options.rounds):
        for suppressed in (0, options.suppressed) if options.suppressed else (0,):
            one_round(options, suppressed)


if __name__ == "__main__":
    main()
