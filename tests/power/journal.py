"""The journal the preloaded library writes (journal.hpp), read back. Positions are byte offsets in it."""
import collections
import enum
import mmap
import pathlib
import struct

HEADER = struct.Struct("<8sQQQ32x")
FIXED = struct.Struct("<QHHIQQQ")
TAIL_AT, DIE_AT = 8, 24
CAPACITY = 16 << 30  # sparse


class Kind(enum.IntEnum):
    CREATED = 1
    OPENED = 2
    WRITTEN = 3
    TRUNCATED = 4
    SYNC_BEGUN = 5
    SYNCED = 6
    SYNC_LOST = 7
    RENAMED = 8
    LINKED = 9
    UNLINKED = 10
    REMOVED_FOLDER = 11
    MADE_FOLDER = 12
    NOTE = 13


Entry = collections.namedtuple("Entry", "position kind data_only file a b text data_at data_size")


class Journal:
    """Made empty; `environment(root)` has a process write into it."""

    def __init__(self, path, make=True):
        self.path = pathlib.Path(path)
        if make:
            with open(self.path, "wb") as out:
                out.write(HEADER.pack(b"SLUPOWER", HEADER.size, CAPACITY, 0))
                out.truncate(CAPACITY)
        with open(self.path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    @staticmethod
    def reopen(path):
        """One that is complete, to be read."""
        return Journal(path, make=False)

    def close(self):
        self._map.close()
        self.path.unlink()

    def environment(self, shim, root):
        return {"LD_PRELOAD": str(shim), "SLUICE_POWER_JOURNAL": str(self.path),
                "SLUICE_POWER_ROOT": str(root)}

    def tail(self):
        """Whatever has happened by now stands before this position."""
        return struct.unpack_from("<Q", self._map, TAIL_AT)[0]

    def die_at(self, position):
        """The process that writes kills itself at the first change behind this position; 0: it lives."""
        struct.pack_into("<Q", self._map, DIE_AT, position)

    def data(self, entry):
        return self._map[entry.data_at:entry.data_at + entry.data_size]

    def entries(self):
        """All entries so far, in order."""
        at, tail = HEADER.size, self.tail()
        while at < tail:
            size, kind, flags, text_size, file, a, b = FIXED.unpack_from(self._map, at)
            text_at = at + FIXED.size
            text = self._map[text_at:text_at + text_size].decode() if text_size else ""
            data_at = text_at + text_size
            yield Entry(at, Kind(kind), bool(flags & 1), file, a, b, text, data_at, at + size - data_at)
            at += size
