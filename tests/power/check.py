"""What must hold after power loss: it opens, goes on, and keeps every promise made before the cut."""
import dataclasses
import random
import re

from content import File
from lib.book import Book
from lib.processes import wait_until
from names import Folder
from receiver import is_refused
from recording import LIMIT_S, is_over, make_service

SITES = 1


@dataclasses.dataclass
class Cut:
    """Where the power goes, and what of the unsynced is there afterwards."""
    position: int
    why: str
    rule: str  # posix, journal
    keep: str  # none, some, all

    def __str__(self):
        return f"cut at {self.position} ({self.why}, {self.rule}, {self.keep})"


def told(disk, root):
    """{name of an event file: its synced whole lines} as the disk surely has them."""
    folder = disk.names.find(f"{root}/data/events")
    if not isinstance(folder, Folder):
        return {}
    out = {}
    for name, node in folder.live.items():
        if isinstance(node, File):
            out[name] = bytes(node.surely[:node.surely.rfind(b"\n") + 1])
    return out


def check_told(book, before, folder):
    for name, lines in before.items():
        now = (folder / name).read_bytes() if (folder / name).exists() else b""
        if not now.startswith(lines):
            book.problem(f"{name}: {len(lines)} bytes were told and synced, the file begins otherwise now")


def balance(book, recording, cut, taken_since):
    """Everything promised before the cut against the events after it."""
    for address, position in recording.taken:
        if position < cut:
            book.received(address)
    for address, _ in taken_since:
        book.received(address)
    for name, (dropped, first, rows) in recording.campaigns.items():
        if dropped >= cut:
            continue
        book.check_campaign(name)
        injected = book.injected.get(name, 0)
        ends = ("delivered", "bounced") + (("cancelled",) if name in recording.cancelled else ())
        due = injected if "cancelled" in ends and book.final_count.get(name) else rows
        book.check_accepted(name, "c", range(first, first + due), ends)
    answered = [number for number, position in recording.answered if position <= cut]
    book.check_accepted("answered 250", "s", answered, ("delivered", "bounced"))
    return book.check_receiver(is_refused)


def check(harness, disk, recording, cut):
    """The problems found, as text; the tree is gone afterwards."""
    scene, receiver = harness.scene, harness.receiver
    rng = random.Random(f"{harness.options.seed} {cut}")
    disk.advance(cut.position)
    root = scene.folder / "after" / "disk"
    root.parent.mkdir(exist_ok=True)
    before = told(disk, recording.root)
    disk.write_out(root, cut.rule, cut.keep, rng)
    book = Book()
    try:
        receiver.begin()
        (root.parent / "serve.log").unlink(missing_ok=True)
        service = make_service(scene, "after", root, receiver, rate=5000)
        service.environment = {}
        service.start()
        found = int(service.facts["in_doubt_found"])
        bound = int(re.match(r"\d+", service.facts["in_doubt_bound"])[0]) * SITES
        if found > bound:
            book.problem(f"{found} in doubt, the bound is {bound}")
        wait_until("everything is final", lambda: is_over(service), LIMIT_S, 0.05)
        code, _ = service.stop()
        if code != 0:
            book.problem(f"serve ended with {code}")
        book.read_events(service.data)
        copies = balance(book, recording, cut.position, receiver.taken)
        check_told(book, before, service.data / "events")
        said = f"{found} in doubt, {copies} second copies, {len(receiver.taken)} taken since"
        print(f"{cut}: {said}", flush=True)
    except AssertionError as failed:
        book.problem(str(failed).strip())
        service.kill()
    harness.pool.take_back(root)
    return book.problems
