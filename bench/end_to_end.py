#!/usr/bin/env python3
"""Campaign mail from a durable queue to a receiver, as PERFORMANCE's protocol has it: one line of JSON.

    end_to_end.py SLUICE [--messages N] [--sign none|rsa|ed25519] [--domains N] [--streams N] [--defer PERCENT]
                         [--repeat N]

Personalised HTML mail of 10 KB, one recipient each. The campaigns are expanded while paused, then resumed; what is
measured lies between a tenth and nine tenths of the messages. The engine is pinned to the first core, receiver and
everything else to the second; every outcome is synced, events are exported. CPU is that of the whole engine.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from lib.processes import wait_until  # noqa: E402
from lib.service import Service  # noqa: E402
from lib.sink import Sink  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
BODY_BYTES = 10_000
LIMIT_S = 900


def html():
    """About 10 KB of HTML with six merge fields."""
    head = ('<html><body><h1>Hello {{first_name}}</h1><p>You are {{contact_id}}, near {{store}}, with {{points}} '
            'points; your voucher is {{voucher}}.</p><p><a href="https://shop.test/u/{{contact_id}}">Leave</a></p>\n')
    line = '<p style="margin:0">The week has seven days and the shop is open on six of them.</p>\n'
    return head + line * ((BODY_BYTES - len(head)) // len(line)) + "</body></html>\n"


def write_campaign(folder, name, messages, domains, first):
    path = folder / name
    path.mkdir(parents=True)
    (path / "template.html").write_text(html())
    (path / "template.txt").write_text("Hello {{first_name}}, the shop is open.\n")
    (path / "campaign.toml").write_text(
        f'id = "{name}"\nclass = "commercial"\nfrom = "Shop <news@shop.test>"\nsubject = "Hello {{{{first_name}}}}"\n'
        'html = "template.html"\ntext = "template.txt"\nrecipients = "recipients.csv"\nlist_id = "news.shop.test"\n'
        'postal_address = "1 Test Street"\n')
    with open(path / "recipients.csv", "w", encoding="ascii") as out:
        out.write("email,first_name,contact_id,store,points,voucher\n")
        for number in range(first, first + messages):
            domain = f"d{number * 2654435761 % domains}.test"
            out.write(f"r{number}@{domain},First{number},{number},Harbour Street,{number % 900},V-{number}\n")
    return path


class Engine:
    """The counters the kernel keeps of a process."""

    def __init__(self, pid):
        self.pid = pid

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) / TICKS, int(fields[12]) / TICKS

    def written(self):
        lines = pathlib.Path(f"/proc/{self.pid}/io").read_text().split()
        return int(lines[lines.index("write_bytes:") + 1])

    def peak_rss_mb(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) // 1024
        return 0


def pinned(core, process):
    os.sched_setaffinity(process.pid, {core})
    for task in os.listdir(f"/proc/{process.pid}/task"):
        os.sched_setaffinity(int(task), {core})


def delivered(service, names):
    return sum(service.campaign(name)["delivered"] for name in names)


def one_run(sluice, options, folder):
    engine_core, other_core = sorted(os.sched_getaffinity(0))[:2]
    os.sched_setaffinity(0, {other_core})
    persona = "plain" if options.defer == 0 else "flaky"
    sink = Sink(sluice, folder / "sink", personas=(persona,))
    os.sched_setaffinity(0, {engine_core})
    service = Service(sluice, folder / "service", connections=options.connections)
    service.configure("messages_per_connection = 10000").route("*", sink.address)
    if options.sign == "none":
        service.unsigned("shop.test")
    else:
        service.sign(algorithm=options.sign)
    try:
        service.start()
        os.sched_setaffinity(0, {other_core})
        each = options.messages // options.streams
        names = [f"bench-{n}" for n in range(options.streams)]
        for n, name in enumerate(names):
            path = write_campaign(folder / "made", name, each, options.domains, n * each)
            os.rename(path, service.spool / "incoming" / name)
            wait_until("taken", lambda: service.campaign(name), 60)
            service.run("campaign", "pause", name)
        wait_until("expanded", lambda: all(service.campaign(n)["injected"] == each for n in names), LIMIT_S, 0.2)
        engine = Engine(service.child.process.pid)
        before = delivered(service, names)
        for name in names:
            service.run("campaign", "resume", name)
        total = each * options.streams
        marks = []
        for share in (0.1, 0.9):
            wait_until("delivered", lambda: delivered(service, names) >= before + (total - before) * share, LIMIT_S,
                       0.1)
            marks.append((time.monotonic(), delivered(service, names), *engine.cpu(), engine.written()))
        wait_until("all", lambda: delivered(service, names) == total, LIMIT_S, 0.2)
        peak = engine.peak_rss_mb()
        service.stop()
        got = sink.stop()
    finally:
        service.kill()
        sink.kill()
    (t0, n0, u0, s0, w0), (t1, n1, u1, s1, w1) = marks
    count = n1 - n0
    return {"per_s": count / (t1 - t0), "user_us": (u1 - u0) / count * 1e6, "system_us": (s1 - s0) / count * 1e6,
            "disk_bytes": (w1 - w0) / count, "peak_rss_mb": peak, "seconds": t1 - t0,
            "sink": got}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("sluice")
    arguments.add_argument("--messages", type=int, default=600_000)
    arguments.add_argument("--sign", choices=["none", "rsa", "ed25519"], default="none")
    arguments.add_argument("--domains", type=int, default=1)
    arguments.add_argument("--streams", type=int, default=1)
    arguments.add_argument("--defer", type=int, default=0)
    arguments.add_argument("--connections", type=int, default=20)
    arguments.add_argument("--repeat", type=int, default=1)
    options = arguments.parse_args()
    runs = []
    for _ in range(options.repeat):
        with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
            runs.append(one_run(os.path.abspath(options.sluice), options, pathlib.Path(folder)))
        print(json.dumps(runs[-1]), file=sys.stderr)


if __name__ == "__main__":
    main()
