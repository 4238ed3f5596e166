#!/usr/bin/env python3
"""The k-th write or sync fails, then the power goes: nothing accepted is lost, nothing false told (README).

    failing_disk.py SLUICE SHIM [--seed S] [--most N] [--only KIND-MODE [--at K]]
    SLUICE_LONG=1: up to 100 k of each kind, else a few

Kinds: fsync-once (EIO; what was to be synced is perhaps never on the disk, whatever a later sync says),
write-once (EIO), write-full (that write and every later one fails with ENOSPC).
"""
import collections
import random
import time

from harness import LONG, Harness
from check import Cut, check
from disk import Disk
from journal import Journal, Kind
from recording import Life, is_over

KINDS = ("fsync-once", "write-once", "write-full")
ROWS, SUBMISSIONS = 40, 20
OVER_LIMIT_S = 20
STILL_S = 3  # with an error in the log and nothing happening for so long, it stands still
ERRORS = (" error ", " critical ")


def log_says_why(service):
    return any(word in line for line in service.log().splitlines() for word in ERRORS)


def outcome(life, full):
    """recovered, ended or, on a full disk, stands still; AssertionError when nothing says why."""
    service, begun = life.service, time.monotonic()
    done, moved = None, begun
    while True:
        now = time.monotonic()
        if not service.child.alive():
            assert service.child.process.returncode > 0, f"it crashed: {service.child.process.returncode}"
            assert service.log().strip(), "it ended and did not say why"
            return "ended"
        try:
            if life.submitters.attempted >= SUBMISSIONS and is_over(service):
                return "recovered"
        except AssertionError:
            pass  # the verb may fail as the service does
        counts = len(life.recording.taken), len(life.recording.answered)
        if counts != done:
            done, moved = counts, now
        if full and log_says_why(service) and now - moved > STILL_S:
            return "stands still"
        assert now - begun < OVER_LIMIT_S, "it stands still" + ("" if full else " after one error")
        time.sleep(0.05)


def live(harness, journal, name, environment, full):
    """The life of a few messages on a disk that fails; what became of it, and what it promised."""
    life = Life(harness.scene, journal, harness.pool, harness.receiver, name, SUBMISSIONS)
    shim = harness.options.shim
    life.service.environment = {**journal.environment(shim, life.recording.root), **environment}
    try:
        life.start()
    except AssertionError:
        if life.service.child.alive():
            assert full and log_says_why(life.service), "it neither starts nor ends"
            assert life.service.child.stop() == 0, "told to end, it says something failed"
            return "waits to start", life.recording
        return outcome(life, full), life.recording
    life.submitters.start()
    life.drop(ROWS)
    try:
        return outcome(life, full), life.recording
    finally:
        life.service.kill()
        life.submitters.stop()


def one(harness, kind, k):
    """(what became of it, problems)."""
    name = f"{kind}-{k}"
    operation, _, mode = kind.partition("-")
    environment = {"SLUICE_FAIL_AT": str(k), "SLUICE_FAIL_KIND": operation, "SLUICE_FAIL_MODE": mode}
    journal = Journal(harness.scene.folder / f"{name}.journal")
    rng = random.Random(f"{harness.options.seed} {name}")
    try:
        became, recording = live(harness, journal, name, environment if k else {}, mode == "full")
    except AssertionError as failed:
        journal.close()
        return "wrong", [f"{kind} {k}: {failed}"]
    harness.pool.take_back(recording.root)
    rule, keep = rng.choice(("posix", "journal")), rng.choice(("none", "some"))
    cut = Cut(journal.tail(), f"after {kind} {k}", rule, keep)
    disk = Disk(journal, recording.root, harness.options.seed, harness.dropped(recording))
    problems = [f"{cut}: {problem}" for problem in check(harness, disk, recording, cut)]
    harness.pool.clear()
    operations = collections.Counter(entry.kind for entry in journal.entries())
    if k and "fault" not in disk.notes:
        became = "not reached"
    journal.close()
    return became, problems if k else operations


def run(harness):
    options = harness.options
    became, operations = one(harness, "fsync-once", 0)
    assert became == "recovered", "the service does not even work on a good disk"
    print(f"{operations[Kind.WRITTEN]} writes, {operations[Kind.SYNC_BEGUN]} syncs on a good disk",
          flush=True)
    rng = random.Random(options.seed)
    problems = []
    for kind in KINDS:
        if options.only and kind != options.only:
            continue
        total = operations[Kind.SYNC_BEGUN if kind.startswith("fsync") else Kind.WRITTEN]
        wanted = sorted(rng.sample(range(1, total + 1), min(options.most, total)))
        found = collections.Counter()
        for k in [options.at] if options.at else wanted:
            became, wrong = one(harness, kind, k)
            found[became] += 1
            problems += wrong
        print(f"{kind}: " + ", ".join(f"{count} {what}" for what, count in sorted(found.items())), flush=True)
    return problems


def main():
    harness = Harness(__doc__)
    add = harness.parser.add_argument
    add("--most", type=int, default=100 if LONG else 3, help="so many k of each kind, at random")
    add("--only", choices=KINDS)
    add("--at", type=int, help="this k alone")
    harness.run(run)


if __name__ == "__main__":
    main()
