#!/usr/bin/env python3
"""The books must find what is wrong: each fault is put into a good set of events and has to be reported."""
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

from lib.book import Book  # noqa: E402


def event(kind, address=None, **more):
    out = {"event": kind, "campaign": "k"}
    if address:
        out["recipient"] = address
    return {**out, **more}


GOOD = [event("injected", count=3), event("delivered", "c0@d.test"), event("bounced", "c1@d.test"),
        event("in_doubt", "c2@d.test", stage="crash"), event("delivered", "c2@d.test")]
TAKEN = ["c0@d.test", "c2@d.test", "c2@d.test"]


def problems(events, taken, first_seq=1, tail=""):
    book = Book()
    with tempfile.TemporaryDirectory() as folder:
        events_folder = pathlib.Path(folder, "events")
        events_folder.mkdir()
        lines = [json.dumps({"seq": seq, **one}) + "\n" for seq, one in enumerate(events, first_seq)]
        half = len(lines) // 2
        (events_folder / "events-1.jsonl").write_text("".join(lines[:half]))
        (events_folder / "events-2.jsonl").write_text("".join(lines[half:]) + tail)
        book.read_events(folder)
    for address in taken:
        book.received(address)
    book.check_campaign("k")
    book.check_accepted("k", "c", range(3), ("delivered", "bounced"))
    book.check_receiver(lambda letter, number: number == 1)
    return " / ".join(book.problems)


CASES = [
    ("nothing is wrong", GOOD, TAKEN, {}, ""),
    ("a lost recipient", GOOD[:-1], TAKEN, {}, "without exactly one final"),
    ("a second final", [*GOOD, event("delivered", "c0@d.test")], TAKEN, {}, "c0: twice"),
    ("delivered, never taken", GOOD, TAKEN[1:], {}, "false finals: c0"),
    ("bounced, though taken", GOOD, [*TAKEN, "c1@d.test"], {}, "false finals: c1"),
    ("bounced, never refused", [event("bounced", "c0@d.test"), *GOOD[2:]], TAKEN[1:], {}, "false finals: c0"),
    ("a copy without a doubt", GOOD, [*TAKEN, "c0@d.test"], {}, "no doubt accounts for: c0"),
    ("a stranger at the receiver", GOOD, [*TAKEN, "c9@d.test"], {}, "without a final: c9"),
    ("a final nobody entered for", [event("injected", count=2), *GOOD[1:]], TAKEN, {}, "2 injected, 3 f"),
    ("numbers that do not begin at 1", GOOD, TAKEN, {"first_seq": 2}, "where 1 was due"),
    ("a line twice", [*GOOD, {**GOOD[-1], "seq": 5}], TAKEN, {}, "seq 5 where 6 was due"),
    ("a torn line", GOOD, TAKEN, {"tail": '{"seq":6,'}, "torn line"),
]


def main():
    failed = 0
    for name, events, taken, more, expected in CASES:
        said = problems(events, taken, **more)
        if (expected not in said) if expected else said:
            failed += 1
            print(f"FAILED: {name}: the books say {said!r}")
    print(f"{len(CASES)} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
