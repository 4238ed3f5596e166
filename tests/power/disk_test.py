#!/usr/bin/env python3
"""The rules of the disk, on small journals: what power loss must keep, may keep, and must not keep."""
import pathlib
import random
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from content import SECTOR  # noqa: E402
from disk import Disk  # noqa: E402
from journal import FIXED, HEADER, TAIL_AT, Journal, Kind  # noqa: E402

ROOT = "/r"


class Script:
    """Journals made by hand. Each call returns the position of its entry."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder, "journal")
        self.at = HEADER.size
        self.bytes = bytearray(HEADER.pack(b"SLUPOWER", HEADER.size, 1 << 20, 0))

    def add(self, kind, text="", file=0, a=0, b=0, data=b"", data_only=False):
        entry = FIXED.pack(FIXED.size + len(text) + len(data), kind, data_only, len(text), file, a, b)
        self.bytes += entry + text.encode() + data
        position, self.at = self.at, len(self.bytes)
        return position

    def sync(self, file=0, folder="", kind=Kind.SYNCED):
        begun = self.add(Kind.SYNC_BEGUN, folder, file)
        self.add(kind, folder, file, a=begun)

    def after_loss(self, rule, keep, seed=0, cut=None):
        """{path: bytes} after the cut, at the end unless said."""
        struct.pack_into("<Q", self.bytes, TAIL_AT, self.at)
        self.path.write_bytes(self.bytes)
        disk = Disk(Journal.reopen(self.path), ROOT, seed)
        disk.advance(self.at if cut is None else cut)
        with tempfile.TemporaryDirectory() as folder:
            target = pathlib.Path(folder, "disk")
            disk.write_out(target, rule, keep, random.Random(seed))
            return {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*")
                    if path.is_file()}


def seeds(script, rule, keep, count=60):
    return [script.after_loss(rule, keep, seed) for seed in range(count)]


def a_name_needs_its_folder(script):
    script.add(Kind.CREATED, "/r/f", file=1)
    script.add(Kind.WRITTEN, file=1, data=b"x")
    script.sync(file=1)
    assert script.after_loss("posix", "none") == {}
    assert script.after_loss("journal", "none") == {"f": b"x"}
    script.sync(folder=ROOT)
    assert script.after_loss("posix", "none") == {"f": b"x"}


def a_folder_is_a_name_too(script):
    script.add(Kind.MADE_FOLDER, "/r/d")
    script.add(Kind.CREATED, "/r/d/f", file=1)
    script.sync(file=1)
    script.sync(folder="/r/d")
    assert script.after_loss("posix", "none") == {}
    script.sync(folder=ROOT)
    assert script.after_loss("posix", "none") == {"d/f": b""}


def a_rename_is_whole(script):
    script.add(Kind.CREATED, "/r/new", file=1)
    script.add(Kind.CREATED, "/r/old", file=2)
    script.add(Kind.WRITTEN, file=2, data=b"old")
    script.sync(file=2)
    script.sync(folder=ROOT)
    script.add(Kind.WRITTEN, file=1, data=b"new")
    script.sync(file=1)
    script.add(Kind.RENAMED, "/r/new\0/r/old")
    for rule in ("posix", "journal"):
        found = seeds(script, rule, "some")
        assert all(one in ({"new": b"new", "old": b"old"}, {"old": b"new"}) for one in found), found
    script.sync(folder=ROOT)
    assert script.after_loss("posix", "none") == {"old": b"new"}


def a_write_behind_the_begin_is_not_synced(script):
    script.add(Kind.CREATED, "/r/f", file=1)
    script.sync(folder=ROOT)
    script.add(Kind.WRITTEN, file=1, data=b"one")
    begun = script.add(Kind.SYNC_BEGUN, file=1)
    script.add(Kind.WRITTEN, file=1, a=3, data=b"two")
    before = script.at
    script.add(Kind.SYNCED, file=1, a=begun)
    assert script.after_loss("posix", "none", cut=before) == {"f": b""}
    assert script.after_loss("posix", "none") == {"f": b"one"}
    assert script.after_loss("posix", "all") == {"f": b"onetwo"}


def what_a_failed_sync_lost_stays_lost(script):
    data = b"a" * SECTOR * 4
    script.add(Kind.CREATED, "/r/f", file=1)
    script.sync(folder=ROOT)
    script.add(Kind.WRITTEN, file=1, data=data)
    script.sync(file=1, kind=Kind.SYNC_LOST)
    script.add(Kind.WRITTEN, file=1, a=len(data), data=b"end")
    script.sync(file=1)
    found = [one["f"] for one in seeds(script, "posix", "all")]
    assert all(one.endswith(b"end") and len(one) == len(data) + 3 for one in found), found
    assert any(one[:SECTOR] == bytes(SECTOR) for one in found), "a later sync brought it back every time"


def a_torn_write_ends_at_a_sector(script):
    script.add(Kind.CREATED, "/r/f", file=1)
    script.sync(folder=ROOT)
    script.add(Kind.WRITTEN, file=1, data=b"b" * 100)
    script.sync(file=1)
    script.add(Kind.WRITTEN, file=1, a=100, data=b"c" * SECTOR * 3)
    whole = b"b" * 100 + b"c" * SECTOR * 3
    found = {one["f"] for one in seeds(script, "journal", "some")}
    assert len(found) > 2, "never torn"
    for one in found:
        assert whole.startswith(one), "a journalling file system shows only what was written"
        assert len(one) in (100, len(whole)) or len(one) % SECTOR == 0, len(one)
    holes = [one["f"] for one in seeds(script, "posix", "some")]
    assert all(one[:100] == whole[:100] for one in holes), "synced bytes are gone"
    assert any(not whole.startswith(one) for one in holes), "never a hole"


TESTS = [a_name_needs_its_folder, a_folder_is_a_name_too, a_rename_is_whole,
         a_write_behind_the_begin_is_not_synced, what_a_failed_sync_lost_stays_lost,
         a_torn_write_ends_at_a_sector]


def main():
    failed = 0
    for test in TESTS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(Script(folder))
            except AssertionError as wrong:
                failed += 1
                print(f"FAILED: {test.__name__}: {wrong!r}"[:2000])
    print(f"{len(TESTS)} rules, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
