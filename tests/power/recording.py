"""One life of the service under the preloaded library, and what was promised in it, by position."""
import dataclasses
import json
import os
import pathlib
import random
import shutil

from lib.processes import wait_until
from lib.service import Service
from lib.submitter import Submitters, smtp_address

LIMIT_S = 60
PAD = "p" * 1500  # rows large enough for the store's buffers to fill up
SETTINGS = """
# What is sent is what was submitted: reports to its senders would come beside it.
[dsn]
enabled = false
# So many are deferred on purpose that a path would be paused for a minute.
[shaping]
enabled = false
[retry]
in_doubt_delay = "1s"
ladder = ["1s"]
greylist = ["1s"]
[delivery]
lease_run = 8
[store]
write_buffer = "4 MiB"
wal_size = "16 MiB"
segment_from = "4 KiB"
segment_size = "1 MiB"
[events]
file_size = "64 KiB"
[[listener]]
listen = "127.0.0.1:0"
trusted_networks = ["127.0.0.0/8"]
"""


@dataclasses.dataclass
class Recording:
    """Positions are the journal's. `campaigns`: name: [dropped at, first number, rows]; `answered`: [number,
    position at which its 250 had been read]; `taken`: [address, position before its 250 was sent]."""
    root: str = ""
    campaigns: dict = dataclasses.field(default_factory=dict)
    cancelled: list = dataclasses.field(default_factory=list)
    answered: list = dataclasses.field(default_factory=list)
    taken: list = dataclasses.field(default_factory=list)

    def save(self, path):
        pathlib.Path(path).write_text(json.dumps(dataclasses.asdict(self)))

    @staticmethod
    def load(path):
        return Recording(**json.loads(pathlib.Path(path).read_text()))


class Pool:
    """The campaign directories the harness drops. One is never copied: the service knows it by its inode."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.homes = {}  # by inode

    def make(self, name, first, rows):
        made = self.folder / name
        made.mkdir()
        (made / "template.txt").write_text("Hello {{name}}, your number is {{number}}.\n")
        (made / "campaign.toml").write_text(
            f'id = "{name}"\nfrom = "Shop <news@shop.test>"\nsubject = "Hello {{{{name}}}}"\n'
            'text = "template.txt"\nrecipients = "list.csv"\nclass = "transactional"\n')
        with open(made / "list.csv", "w", encoding="ascii") as out:
            out.write("email,name,number,pad\n")
            out.writelines(f"c{n}@d{n % 20}.test,N{n},{n},{PAD}\n" for n in range(first, first + rows))
        self.homes[made.stat().st_ino] = made
        return made

    def clear(self):
        """Forgets the campaigns of a life that is over."""
        for home in self.homes.values():
            shutil.rmtree(home, ignore_errors=True)
        self.homes = {}

    def take_back(self, root):
        """Ends with the tree `root`: its campaign directories come home as they were made."""
        for folder, folders, _ in os.walk(root):
            for name in list(folders):
                path = os.path.join(folder, name)
                home = self.homes.get(os.stat(path).st_ino)
                if not home:
                    continue
                folders.remove(name)
                os.rename(path, home)
                for file in os.listdir(home):
                    if file not in ("template.txt", "campaign.toml", "list.csv"):
                        os.unlink(home / file)
        shutil.rmtree(root, ignore_errors=True)


def make_service(scene, name, root, receiver, rate=600):
    service = Service(scene.binary, scene.folder / name, disk=root)
    scene.ends_with(service.kill)
    service.unsigned("shop.test").route("*", receiver.address)
    return service.configure(SETTINGS + f'[[policy]]\nmatch = {{ source = "*" }}\nmessage_rate = "{rate}/s"')


class Life:
    """Runs the service on `root` and records what it promises."""

    def __init__(self, scene, journal, pool, receiver, name="life", most=1 << 40):
        self.journal, self.pool = journal, pool
        root = scene.folder / name / "disk"
        root.mkdir(parents=True)
        self.recording = Recording(root=str(root))
        self.service = make_service(scene, name, root, receiver)
        receiver.begin(journal.tail)
        self.recording.taken = receiver.taken
        self.submitters = Submitters(2, lambda number: f"s{number}@d{number % 20}.test", 0.01, self._answered,
                                     most)
        scene.ends_with(self.submitters.stop)

    def _answered(self, number):
        self.recording.answered.append([number, self.journal.tail()])

    def start(self):
        self.service.start()
        self.submitters.go_to(smtp_address(self.service))

    def drop(self, rows):
        campaigns = self.recording.campaigns
        name, first = f"p{len(campaigns)}", sum(campaign[2] for campaign in campaigns.values())
        made = self.pool.make(name, first, rows)
        campaigns[name] = [self.journal.tail(), first, rows]
        os.rename(made, self.service.spool / "incoming" / name)
        return name

    def cancel(self, name):
        self.recording.cancelled.append(name)
        self.service.run("campaign", "cancel", name)

    def delivered(self, name):
        return (self.service.campaign(name) or {"delivered": 0})["delivered"]

    def wait_delivered(self, name, count):
        wait_until(f"{count} of {name}", lambda: self.delivered(name) >= count, LIMIT_S, 0.02)

    def die(self, after):
        """kill -9 between two changes, about `after` bytes of journal from now."""
        self.submitters.go_to(None)
        self.journal.die_at(self.journal.tail() + after)
        wait_until("it has died", lambda: not self.service.child.alive(), LIMIT_S)
        self.journal.die_at(0)

    def finish(self):
        self.submitters.stop()
        wait_until("everything is final", lambda: is_over(self.service), LIMIT_S, 0.1)
        code, _ = self.service.stop()
        assert code == 0, f"serve ended with {code}"


def is_over(service):
    spool = service.spool
    if os.listdir(spool / "incoming") or os.listdir(spool / "active"):
        return False
    return json.loads(service.run("queue", "summary", "--json").stdout)["queued"] == 0


def record(scene, journal, pool, receiver, shim, seed):
    """A life with two kills, a cancelled campaign, submissions all the time, and an orderly end."""
    rng = random.Random(seed)
    life = Life(scene, journal, pool, receiver)
    life.service.environment = journal.environment(shim, life.recording.root)
    life.start()
    life.submitters.start()
    first = life.drop(300)
    life.wait_delivered(first, rng.randrange(20, 200))
    second = life.drop(800)
    life.wait_delivered(second, rng.randrange(1, 100))
    life.die(rng.randrange(200_000))
    life.start()
    life.wait_delivered(second, rng.randrange(100, 250))
    life.cancel(second)
    life.drop(200)
    life.die(rng.randrange(400_000))
    life.start()
    life.drop(300)
    life.finish()
    return life.recording
