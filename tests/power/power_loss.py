#!/usr/bin/env python3
"""Power is lost at random moments of a service's life; what was promised before must hold after (README.md).

    power_loss.py SLUICE SHIM [--cuts N] [--seed S] [--only WORD] [--forget WORD]
                  [--replay FOLDER] [--at POSITION --rule R --keep K]
    SLUICE_LONG=1: 50 cuts

A failing run leaves its journal in a folder and says where: --replay FOLDER cuts that very life again.
"""
import pathlib
import random
import re
import tempfile

from harness import LONG, Harness
from check import Cut, check
from disk import Disk
from journal import Journal, Kind
from recording import Recording, record


def moments(journal, recording):
    """{why: positions}: where a cut hurts. A cut at a position has everything before it."""
    files, out, previous = {}, {}, None
    for entry in journal.entries():
        if previous:
            out.setdefault(previous, []).append(entry.position)
        previous = None
        if entry.kind in (Kind.CREATED, Kind.OPENED):
            files[entry.file] = entry.text
        name = files.get(entry.file, "")
        if entry.kind == Kind.SYNCED:
            parts = {"/events/": "an event file synced", "/bodies/": "a body synced", ".log": "a commit",
                     "MANIFEST": "a table in force", ".sst": "a table written"}
            previous = next((why for part, why in parts.items() if part in name), "a sync")
        elif entry.kind == Kind.SYNC_BEGUN and name:
            previous = "waiting for a sync of " + re.sub(r"[-0-9]", "", name.rpartition("/")[2]).lstrip(".")
        elif entry.kind == Kind.WRITTEN:
            previous = "a write"
        elif entry.kind in (Kind.RENAMED, Kind.UNLINKED, Kind.CREATED, Kind.MADE_FOLDER, Kind.TRUNCATED):
            previous = entry.kind.name.lower()
    out["a submission answered"] = [position for _, position in recording.answered]
    out["a message taken"] = [position + 1 for _, position in recording.taken]
    return out


def choose(journal, recording, options, rng):
    """Kinds of moments first, so that the rare ones are met as often as the common."""
    found = {why: at for why, at in moments(journal, recording).items() if at and options.only in why}
    cuts, kinds = [], []
    while len(cuts) < options.cuts:
        if not kinds:
            kinds = rng.sample(sorted(found), len(found))
        why = kinds.pop()
        cuts.append(Cut(rng.choice(found[why]), why, rng.choice(("posix", "journal")),
                        rng.choice(("none", "some", "some", "all"))))
    return sorted(cuts, key=lambda cut: cut.position)


def keep_for_replay(journal, recording):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-power-failed-"))
    tail = journal.tail()
    with open(journal.path, "rb") as source, open(folder / "journal", "wb") as out:
        while tail > 0:
            block = source.read(min(tail, 1 << 20))
            out.write(block)
            tail -= len(block)
    recording.save(folder / "recording.json")
    return folder


def restore(pool, recording):
    """The campaign directories of an earlier life, made again."""
    for name, (_, first, rows) in recording.campaigns.items():
        pool.make(name, first, rows)


def life(harness):
    """The journal of a life and what was promised in it: a new one, or that of a failed run."""
    options, pool = harness.options, harness.pool
    if options.replay:
        folder = pathlib.Path(options.replay)
        recording = Recording.load(folder / "recording.json")
        restore(pool, recording)
        return Journal.reopen(folder / "journal"), recording
    journal = Journal(harness.scene.folder / "journal")
    recording = record(harness.scene, journal, pool, harness.receiver, options.shim, options.seed)
    pool.take_back(recording.root)
    return journal, recording


def run(harness):
    options = harness.options
    journal, recording = life(harness)
    print(f"a life of {sum(1 for _ in journal.entries())} changes, {journal.tail() >> 20} MiB; "
          f"{len(recording.answered)} submissions, {len(recording.taken)} taken", flush=True)
    cuts = choose(journal, recording, options, random.Random(options.seed))
    if options.at:
        cuts = [Cut(options.at, options.why, options.rule, options.keep)]
    disk = Disk(journal, recording.root, options.seed, harness.dropped(recording), options.forget)
    problems = []
    for cut in cuts:
        found = check(harness, disk, recording, cut)
        problems += [f"{cut}: {problem}" for problem in found]
    problems += sorted({note for note in disk.notes if note.startswith("unfollowed")})
    if problems and not options.replay:
        print("the life is kept in", keep_for_replay(journal, recording))
    return problems


def main():
    harness = Harness(__doc__)
    add = harness.parser.add_argument
    add("--cuts", type=int, default=50 if LONG else 5)
    add("--only", default="", help="cuts only at moments whose name has this in it")
    add("--forget", help="the disk forgets syncs of files with this in their path: the run must fail")
    add("--replay", help="folder of a failed run")
    add("--at", type=int, help="one cut, at this position")
    add("--why", default="asked for", help="as the failed run said, for the same choices")
    add("--rule", default="posix", choices=("posix", "journal"))
    add("--keep", default="some", choices=("none", "some", "all"))
    harness.run(run)


if __name__ == "__main__":
    main()
