"""Which names are on the disk. A change of names is durable when its folder was synced, or, on a journalling
file system, when anything was synced after it; what is not durable may be there or not (README.md)."""


class Folder:
    """`live`: as the running kernel shows it; `durable`: what surely is on the disk, by rule."""

    def __init__(self, dropped=None):
        self.live = {}
        self.durable = {"posix": {}, "journal": {}}
        self.dropped = dropped  # the real directory, for one the harness dropped into the spool


class Change:
    """`atoms`: (folder, name, node or None), which reach the disk together."""

    def __init__(self, position, atoms):
        self.position = position
        self.atoms = atoms


class Names:
    def __init__(self, root):
        self.root = Folder()
        self.root_path = str(root)
        self.pending = {"posix": [], "journal": []}

    def _parts(self, path):
        assert path.startswith(self.root_path), path
        return [part for part in path[len(self.root_path):].split("/") if part]

    def find(self, path):
        node = self.root
        for part in self._parts(path):
            node = node.live.get(part) if isinstance(node, Folder) else None
        return node

    def parent(self, path):
        folder, _, name = path.rpartition("/")
        return self.find(folder), name

    def change(self, position, *atoms):
        """Each (path, node or None)."""
        placed = []
        for path, node in atoms:
            folder, name = self.parent(path)
            assert isinstance(folder, Folder), f"no such folder: {path}"
            placed.append((folder, name, node))
        for folder, name, node in placed:
            if node is None:
                folder.live.pop(name, None)
            else:
                folder.live[name] = node
        for pending in self.pending.values():
            pending.append(Change(position, placed))

    def place_durably(self, path, node):
        """What somebody else put there and synced."""
        folder, name = self.parent(path)
        folder.live[name] = node
        for durable in folder.durable.values():
            durable[name] = node

    def synced(self, begun, folder):
        """A sync that began at `begun` is over; `folder`: of this one, None: of a file."""
        self._settle("journal", lambda change: change.position < begun)
        if folder is not None:
            self._settle("posix", lambda change: change.position < begun and
                         any(atom[0] is folder for atom in change.atoms))

    def _settle(self, rule, durable):
        left = []
        for change in self.pending[rule]:
            if not durable(change):
                left.append(change)
                continue
            apply(change, lambda folder: folder.durable[rule])
            ours = {(id(folder), name) for folder, name, _ in change.atoms}
            # What an earlier change of the same name would have left is history now.
            for earlier in left:
                earlier.atoms = [atom for atom in earlier.atoms if (id(atom[0]), atom[1]) not in ours]
        self.pending[rule] = left

    def on_disk(self, rule, keep, rng):
        """{id of a folder: its names} after the cut. `keep`: of what is not durable, none, all or some."""
        tables, pending = {}, self.pending[rule]
        ends = {}

        def table(folder):
            return tables.setdefault(id(folder), dict(folder.durable[rule]))

        def kept(change):
            if keep != "some":
                return keep == "all"
            if rule == "journal":  # a log: what is kept has everything before it
                return change.position < ends.setdefault(None, rng.choice(pending).position)
            for folder, _, _ in change.atoms:
                ends.setdefault(id(folder), rng.choice(pending).position)
            return all(change.position < ends[id(folder)] for folder, _, _ in change.atoms)
        for change in pending:
            if kept(change):
                apply(change, table)
        return table


def apply(change, table):
    for folder, name, node in change.atoms:
        if node is None:
            table(folder).pop(name, None)
        else:
            table(folder)[name] = node
