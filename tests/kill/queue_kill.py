#!/usr/bin/env python3
"""Kills the queue at random moments and balances its books afterwards.

    queue_kill.py QUEUE_HAMMER [--records N] [--domains N] [--kills N] [--seed N]

Afterwards: event numbers contiguous; each recipient has exactly one final; each `delivered` was really
accepted by the receiver (no false final); each further copy is covered by an `in_doubt` event; no restart
found more in doubt than the bound it prints.
"""
import argparse
import collections
import json
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import time

FINALS = {"delivered", "bounced", "expired", "suppressed", "cancelled"}
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def row_of(message_id):
    value = 0
    for digit in message_id:
        value = value * 32 + CROCKFORD.index(digit)
    return value & ((1 << 40) - 1)


def run_until_killed(command, rng, kill_after):
    """Returns (exit code or None when killed, first line)."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    opened = child.stdout.readline()
    if kill_after is not None:
        try:
            child.wait(timeout=rng.uniform(0.02, kill_after))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            return None, opened
    rest = child.stdout.read()
    print(rest.strip())
    return child.wait(), opened


def check_opened(opened, problems):
    found = re.search(r"in_doubt=(\d+) queued=(\d+) bound=(\d+)", opened)
    if not found:
        problems.append(f"the child did not open: {opened!r}")
        return
    if int(found[1]) > int(found[3]):
        problems.append(f"{found[1]} in doubt after a kill, more than the bound {found[3]}")


def read_events(folder, problems):
    finals, doubts, expected = collections.defaultdict(list), collections.Counter(), 1
    for file in sorted(pathlib.Path(folder).glob("events-*.jsonl")):
        for line in file.open():
            event = json.loads(line)
            if event["seq"] != expected:
                problems.append(f"{file.name}: seq {event['seq']} where {expected} was due")
                expected = event["seq"]
            expected += 1
            if event["event"] in FINALS:
                finals[row_of(event["id"])].append(event["event"])
            elif event["event"] == "in_doubt":
                doubts[row_of(event["id"])] += 1
    return finals, doubts


def balance(folder, records, problems):
    finals, doubts = read_events(folder + "/events", problems)
    raw = pathlib.Path(folder, "accepted.bin").read_bytes()
    accepted = collections.Counter(value for (value,) in struct.iter_unpack("<Q", raw))
    lost = [row for row in range(records) if row not in finals]
    twice = [row for row, kinds in finals.items() if len(kinds) != 1]
    false = [row for row, kinds in finals.items() if "delivered" in kinds and row not in accepted]
    uncovered = [row for row, times in accepted.items() if times > 1 and doubts[row] < times - 1]
    copies = sum(times - 1 for times in accepted.values() if times > 1)
    for rows, what in ((lost, "have no final"), (twice, "have more than one final"),
                       (false, "are delivered but were never accepted"),
                       (uncovered, "were sent again without being in doubt")):
        if rows:
            problems.append(f"{len(rows)} recipients {what}, such as row {rows[0]}")
    print(f"{records} recipients, {copies} further copies, {sum(doubts.values())} attempts in doubt")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("hammer")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--domains", type=int, default=300_000)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options = parser.parse_args()
    print(f"seed {options.seed}")
    rng = random.Random(options.seed)
    problems = []
    with tempfile.TemporaryDirectory(prefix="sluice-kill-") as folder:
        command = [options.hammer, folder, str(options.records), str(options.domains)]
        kills = 0
        while kills < options.kills:
            code, opened = run_until_killed(command, rng, kill_after=2.5)
            check_opened(opened, problems)
            if code is not None:
                print(f"finished after {kills} kills")
                break
            kills += 1
        code, opened = run_until_killed(command, rng, kill_after=None)
        check_opened(opened, problems)
        if code != 0:
            problems.append(f"the last run ended with {code}")
        if kills == 0:
            problems.append("nothing was killed: raise --records")
        balance(folder, options.records, problems)
    for problem in problems:
        print("FAILED:", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
