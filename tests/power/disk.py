"""The disk after power loss at a position of the journal. One pass through it serves any number of cuts, in
ascending order."""
import os
import pathlib
import random

from content import File
from journal import Kind
from names import Folder, Names


class Disk:
    """`dropped`: what the harness put into the root, durably: [(position, path, pool directory)].

    `forget`: a word; syncs of files with it in their path are forgotten, as if the service made none.
    """

    def __init__(self, journal, root, seed, dropped=(), forget=None):
        self.journal = journal
        self.names = Names(root)
        self.seed = seed
        self.forget = forget
        self._forgotten = set()
        self.files = {}
        self.notes = []
        self._dropped = sorted(dropped)
        self._entries = journal.entries()
        self._next = next(self._entries, None)

    def advance(self, cut):
        """Takes in everything before the cut."""
        while True:
            position = self._next.position if self._next else cut
            while self._dropped and self._dropped[0][0] <= min(position, cut):
                self._drop(*self._dropped.pop(0))
            if self._next is None or position >= cut:
                return
            self._take(self._next)
            self._next = next(self._entries, None)

    def _drop(self, _position, path, pool):
        folder = Folder(dropped=pool)
        self.names.place_durably(path, folder)
        for name in os.listdir(pool):
            self.names.place_durably(f"{path}/{name}", File(0, untouchable=True))

    def _take(self, entry):
        names, at = self.names, entry.position
        if self.forget and entry.kind in (Kind.CREATED, Kind.OPENED) and self.forget in entry.text:
            self._forgotten.add(entry.file)
        if entry.kind == Kind.CREATED:
            self.files[entry.file] = File(entry.file)
            names.change(at, (entry.text, self.files[entry.file]))
        elif entry.kind == Kind.OPENED:
            node = names.find(entry.text)
            assert isinstance(node, File), f"{entry.text} was opened and is not known"
            self.files[entry.file] = node
        elif entry.kind == Kind.WRITTEN:
            self.files[entry.file].write(at, entry.a, self.journal.data(entry))
        elif entry.kind == Kind.TRUNCATED:
            self.files[entry.file].truncate(at, entry.a)
        elif entry.kind in (Kind.SYNCED, Kind.SYNC_LOST):
            self._sync(entry)
        elif entry.kind in (Kind.RENAMED, Kind.LINKED):
            source, _, target = entry.text.partition("\0")
            node = names.find(source)
            leaves = [(source, None)] if entry.kind == Kind.RENAMED else []
            names.change(at, *leaves, (target, node))
        elif entry.kind in (Kind.UNLINKED, Kind.REMOVED_FOLDER):
            names.change(at, (entry.text, None))
        elif entry.kind == Kind.MADE_FOLDER:
            names.change(at, (entry.text, Folder()))
        elif entry.kind == Kind.NOTE:
            self.notes.append(entry.text)

    def _sync(self, entry):
        file = self.files.get(entry.file)
        if entry.file in self._forgotten or (self.forget and entry.text and self.forget in entry.text):
            return
        rng = random.Random(f"{self.seed} {entry.position}")
        if entry.kind == Kind.SYNC_LOST:
            if file:
                file.sync_lost(entry.a, rng, garbage=False)
            return
        if file:
            file.synced(entry.a, entry.b, entry.data_only)
        self.names.synced(entry.a, self.names.find(entry.text) if entry.text else None)

    def write_out(self, target, rule, keep, rng):
        """Makes `target` what the disk may be. `rule`: posix, journal; `keep`: none, all, some of the rest.

        Directories the harness dropped are moved there themselves: the service knows them by their inode.
        No directory has two names: one whose new name alone was synced has either.
        """
        table = self.names.on_disk(rule, keep, rng)
        placed = set()
        how = {"some": "mixed"}.get(keep, keep)

        def write(folder, path):
            if folder.dropped:
                os.rename(folder.dropped, path)
            else:
                path.mkdir()
            there = table(folder)
            for name, node in there.items():
                if isinstance(node, Folder):
                    if id(node) not in placed:
                        placed.add(id(node))
                        write(node, path / name)
                elif not node.untouchable:
                    # RocksDB can not open a MANIFEST with a hole; no file system it knows makes one.
                    garbage = rule == "posix" and not name.startswith("MANIFEST")
                    (path / name).write_bytes(node.on_disk(how, rng, garbage))
                    if node.changed_ns is not None:
                        os.utime(path / name, ns=(node.changed_ns, node.changed_ns))
        write(self.names.root, pathlib.Path(target))
