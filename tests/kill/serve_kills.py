#!/usr/bin/env python3
"""kill -9 of the real service under load, at moments that hurt; then the books of every message are balanced.

    serve_kills.py SLUICE [--kills N] [--seed S] [--rate N] [--rows N] [--busy S]
    SLUICE_LONG=1: 50 kills and larger campaigns; --rate 0 (the default then) sends as fast as it can
    --busy S: sends for so many seconds before it waits for a moment, so that kills fall at full speed

Campaigns come through the spool, single messages through the SMTP door, to receivers that take, refuse or put
off. The service is killed while it loads, expands, flushes, exports, sweeps a cancelled campaign, writes a
report, answers, starts (moments.py), and started again on the same data_dir. In the end: every row and every
message answered 250 has exactly one final; nobody is called delivered or bounced who was not; a second copy
has an in_doubt event, and after each kill there are no more than the printed in_doubt_bound; event numbers
have no gap and no line stands twice. `--seed` repeats a run's choices; what the machine does is its own.
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import statistics
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration"), str(HERE)]

import moments  # noqa: E402
from lib.book import Book  # noqa: E402
from lib.processes import wait_until  # noqa: E402
from lib.scenario import Scene  # noqa: E402
from lib.submitter import Submitters, smtp_address  # noqa: E402

LONG = bool(os.environ.get("SLUICE_LONG"))
FINISH_LIMIT_S = 600
PERSONAS = ("plain", "bounce", "flaky")
SITES = len(PERSONAS)
DOMAINS = 300
SETTINGS = """
# Each recipient of the book is one that was submitted: reports to senders would come beside them.
[dsn]
enabled = false
[retry]
in_doubt_delay = "1s"
ladder = ["1s"]
greylist = ["1s"]
[delivery]
lease_run = 16
[store]
write_buffer = "{buffer}"
wal_size = "32 MiB"
segment_from = "1 KiB"
segment_size = "1 MiB"
[events]
file_size = "4 MiB"
[[listener]]
listen = "127.0.0.1:0"
trusted_networks = ["127.0.0.0/8"]
"""


def domain(number):
    index = number % DOMAINS
    return {0: "bounce.test", 1: "flaky.test"}.get(index, f"d{index}.test")


def may_be_refused(_letter, number):
    return number % DOMAINS == 0


class Run:
    """The service, its load, and what is known to be accepted."""

    def __init__(self, scene, options, rng):
        self.scene, self.rng, self.options = scene, rng, options
        self.sink = scene.sink(personas=PERSONAS)
        self.service = scene.service(connections=20).unsigned("shop.test")
        rate = options.rate or 100_000
        for name, where in (("bounce.test", "bounce"), ("flaky.test", "flaky"), ("*", "plain")):
            self.service.route(name, self.sink.addresses[where])
        policy = f'[[policy]]\nmatch = {{ source = "*" }}\nmessage_rate = "{rate}/s"'
        self.service.configure(SETTINGS.format(buffer="16 MiB" if LONG else "4 MiB") + policy)
        self.campaign_rows, self.small_rows = options.rows, 200
        self.campaigns = {}   # name: range of recipient numbers
        self.cancelled = set()
        self.next_number = 0
        self.crashes = []     # (moment, in doubt found, bound) of each kill
        self.up_s = 0.0
        self.kill_seconds = []  # the second of the clock before that of each kill
        self.submitters = Submitters(2, lambda number: f"s{number}@{domain(number)}", 0.002)
        scene.ends_with(self.submitters.stop)

    def drop(self, rows):
        numbers = range(self.next_number, self.next_number + rows)
        self.next_number += rows
        name = f"k{len(self.campaigns)}"
        made = self.scene.folder / "made" / name
        made.mkdir(parents=True)
        (made / "template.txt").write_text("Hello {{name}}, your number is {{number}}.\n")
        (made / "campaign.toml").write_text(
            f'id = "{name}"\nfrom = "Shop <news@shop.test>"\nsubject = "Hello {{{{name}}}}"\n'
            'text = "template.txt"\nrecipients = "list.csv"\nclass = "transactional"\n')
        with open(made / "list.csv", "w", encoding="ascii") as out:
            out.write("email,name,number\n")
            out.writelines(f"c{number}@{domain(number)},N{number},{number}\n" for number in numbers)
        os.rename(made, self.service.spool / "incoming" / name)
        self.campaigns[name] = numbers
        return name

    def cancel(self, name):
        self.cancelled.add(name)
        self.service.run("campaign", "cancel", name)

    def keep_busy(self):
        """False; drops a campaign when little is left to send."""
        if moments.queued(self.service) < self.campaign_rows // 4:
            self.drop(self.campaign_rows)
        return False

    def start(self):
        self.service.start()
        self.submitters.go_to(smtp_address(self.service))
        return int(self.service.facts["in_doubt_found"])

    def kill_at(self, moment):
        begun = time.monotonic()
        while time.monotonic() < begun + self.options.busy:
            self.keep_busy()
            time.sleep(0.2)  # how long it sends before the moment
        longest = moments.ALL[moment](self)
        time.sleep(self.rng.uniform(0, longest))  # the moment of the kill, not a wait for anything
        self.service.kill()
        self.kill_seconds.append(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 1)))
        self.up_s += time.monotonic() - begun
        self.submitters.go_to(None)
        bound = int(re.match(r"\d+", self.service.facts["in_doubt_bound"])[0]) * SITES
        found = self.start()
        self.crashes.append((moment, found, bound))
        print(f"kill {len(self.crashes)} ({moment}): {found} in doubt, the bound is {bound}", flush=True)
        assert found <= bound, f"{found} in doubt after a kill, the bound is {bound}"

    def finish(self):
        begun = time.monotonic()
        self.submitters.stop()
        spool = self.service.spool

        def over():
            waiting = moments.listing(spool / "incoming") + moments.listing(spool / "active")
            return not waiting and moments.queued(self.service) == 0
        wait_until("everything is final", over, FINISH_LIMIT_S, 0.2)
        self.up_s += time.monotonic() - begun
        code, _ = self.service.stop()
        assert code == 0, f"serve ended with {code}"
        return self.sink.stop()


def balance(run):
    book = Book()
    book.read_events(run.service.data)
    for _, recipient, _ in run.sink.deliveries():
        book.received(recipient)
    for name, numbers in run.campaigns.items():
        book.check_campaign(name)
        if not (run.service.spool / "done" / name / "report.json").exists():
            book.problem(f"{name} has no report in done/")
        injected = numbers[:book.injected.get(name, 0)]  # a cancelled one may not be expanded to its end
        if name not in run.cancelled:
            book.check_accepted(name, "c", numbers, ("delivered", "bounced"))
        else:
            book.check_accepted(name, "c", injected, ("delivered", "bounced", "cancelled"))
    book.check_accepted("submitted by SMTP", "s", run.submitters.answered, ("delivered", "bounced"))
    copies = book.check_receiver(may_be_refused)
    found, most = (sum(crash[at] for crash in run.crashes) for at in (1, 2))
    if copies > most:
        book.problem(f"{copies} second copies, the bounds add up to {most}")
    # A start that was killed may have found some, and not said so.
    interrupted = sum(crash[0] == "start" for crash in run.crashes)
    if book.crash_doubts < found or (interrupted == 0 and book.crash_doubts != found):
        book.problem(f"{found} in doubt at the starts, {book.crash_doubts} events say so")
    print(f"{len(run.crashes)} kills, {book.events} events, {len(run.campaigns)} campaigns, "
          f"{len(run.submitters.answered)} submissions")
    print(f"{copies} second copies, {found} in doubt, at most {most}")
    for what, seconds in (("each second up to the last kill", [at for at in book.per_second
                                                               if at <= run.kill_seconds[-1]]),
                          ("the last whole second before each kill", run.kill_seconds)):
        counts = sorted(book.per_second.get(second, 0) for second in seconds)
        if counts:
            print(f"delivered in {what}: median {statistics.median(counts):,.0f}, "
                  f"nine tenths below {counts[len(counts) * 9 // 10]:,}, at most {counts[-1]:,}")
    return book.problems


def scenario(scene, options):
    rng = random.Random(options.seed)
    run = Run(scene, options, rng)
    run.start()
    run.submitters.start()
    run.drop(run.campaign_rows)
    for moment in moments.deck(rng, options.kills):
        run.keep_busy()
        run.kill_at(moment)
    stats = run.finish()
    print(f"{stats['unique']} messages, {run.up_s:.1f} s of service, {os.cpu_count()} cores")
    return balance(run)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sluice")
    parser.add_argument("--kills", type=int, default=50 if LONG else 5)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--rate", type=int, default=0 if LONG else 4000, help="a second; 0: no limit")
    parser.add_argument("--rows", type=int, default=60_000 if LONG else 6000, help="of each large campaign")
    parser.add_argument("--busy", type=float, default=0, help="seconds of sending before each moment")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    folder = tempfile.mkdtemp(prefix="sluice-kills-")
    scene = Scene(os.path.abspath(options.sluice), folder)
    problems = []
    try:
        problems = scenario(scene, options)
    except AssertionError as failed:
        traceback.print_exc()
        problems = [str(failed)]
    finally:
        scene.close()
        for log in scene.folder.rglob("serve.log") if problems else ():
            print(f"--- {log}\n{log.read_text(errors='replace')[-4000:]}", file=sys.stderr)
        if not os.environ.get("SLUICE_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)
    for problem in problems:
        print(f"FAILED (seed {options.seed}):", problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
