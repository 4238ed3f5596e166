"""What of a file's bytes is on the disk: all that was synced, and of the rest nothing, all, a part that ends
at a sector, or sectors here and there (README.md)."""

SECTOR = 512


class File:
    """`surely`: the bytes as of the last sync that held; `pending`: since, each (position, offset, bytes or
    None, size)."""

    def __init__(self, number, untouchable=False):
        self.number = number
        self.surely = bytearray()
        self.pending = []
        self.changed_ns = None
        self.untouchable = untouchable  # dropped by the harness: nobody writes to it

    def write(self, position, offset, data):
        self.pending.append((position, offset, data, None))

    def truncate(self, position, size):
        self.pending.append((position, 0, None, size))

    def synced(self, begun, changed_ns, data_only):
        later = []
        for step in self.pending:
            if step[0] < begun:
                put(self.surely, step)
            else:
                later.append(step)
        self.pending = later
        self.changed_ns = None if data_only else changed_ns

    def sync_lost(self, begun, rng, garbage):
        """The kernel calls these bytes written and never writes them again: what is there now stays there."""
        lost = [step for step in self.pending if step[0] < begun]
        self.pending = [step for step in self.pending if step[0] >= begun]
        self.surely = kept_of(self.surely, lost, rng.choice(("none", "part", "sectors")), rng, garbage)

    def on_disk(self, keep, rng, garbage):
        if keep == "mixed":
            keep = rng.choice(("none", "all", "part", "sectors", "sectors"))
        return kept_of(self.surely, self.pending, keep, rng, garbage)


def put(into, step):
    _, offset, data, size = step
    if data is None:
        del into[size:]
        into.extend(bytes(size - len(into)))
        return
    into.extend(bytes(max(0, offset - len(into))))
    into[offset:offset + len(data)] = data


def kept_of(surely, steps, keep, rng, garbage):
    """`garbage`: may a file have grown over sectors that were never written?"""
    if keep == "none" or not steps:
        return bytearray(surely)
    whole = bytearray(surely)
    if keep == "sectors" and garbage:
        for step in steps:
            put(whole, step)
        return scattered(surely, whole, rng)
    end = len(steps) if keep == "all" else rng.randrange(len(steps) + 1)
    for step in steps[:end]:
        put(whole, step)
    if end < len(steps) and steps[end][2]:
        position, offset, data, size = steps[end]
        # Torn where a sector of the file ends, not of the write.
        last = (offset + rng.randrange(len(data) + 1)) // SECTOR * SECTOR
        if last > offset:
            put(whole, (position, offset, data[:last - offset], size))
    return whole


def scattered(surely, whole, rng):
    """Each sector that differs is there or not; where it is not and nothing was, are zeros or other bytes."""
    out = bytearray(whole)
    fill = rng.choice((bytes(SECTOR), rng.randbytes(SECTOR)))
    share = rng.choice((0.1, 0.5, 0.9))
    for at in range(0, len(whole), SECTOR):
        end = min(at + SECTOR, len(whole))
        if out[at:end] == surely[at:end] or rng.random() < share:
            continue
        before = surely[at:end]
        out[at:end] = before + fill[len(before):end - at]
    return out
