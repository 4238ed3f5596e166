"""One end-to-end measurement: `sluice serve` between a list or a submitter and `sluice sink`.

The engine is pinned to the first core, receiver and everything else to the second, unless the whole machine
is meant. Every outcome is synced and every event exported. What is measured lies between a tenth and nine
tenths of the messages; CPU is that of the whole engine process, from the kernel's counters.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from lib.processes import wait_until  # noqa: E402
from lib.service import Service  # noqa: E402
from lib.sink import Sink  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
BODY_BYTES = 10_000
LIMIT_S = 900
CORES = sorted(os.sched_getaffinity(0))
ENGINE_CORE, OTHER_CORE = CORES[0], CORES[-1]


@dataclasses.dataclass
class Case:
    name: str
    messages: int
    sign: str = "none"        # none, rsa, ed25519
    domains: int = 1
    streams: int = 1
    flaky: bool = False       # a receiver that puts off some recipients
    connections: int = 20
    submitted: bool = False   # by SMTP, over the whole machine, instead of from lists


class Engine:
    """The counters the kernel keeps of a process."""

    def __init__(self, pid):
        self.folder = pathlib.Path(f"/proc/{pid}")

    def cpu_s(self):
        fields = (self.folder / "stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) / TICKS, int(fields[12]) / TICKS

    def written_bytes(self):
        words = (self.folder / "io").read_text().split()
        return int(words[words.index("write_bytes:") + 1])

    def peak_mib(self):
        for line in (self.folder / "status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) // 1024
        return 0


def options_of(text, **numbers):
    """The command line of a script: its docstring, a number an option with its default, and --sluice."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, otherwise in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=otherwise)
    parser.add_argument("--sluice", default=str(ROOT / "build" / "sluice"))
    return parser.parse_args()


def html():
    """About 10 KB of HTML with six merge fields."""
    head = ("<html><body><h1>Hello {{first_name}}</h1><p>You are {{contact_id}}, near {{store}}, with "
            "{{points}} points; your voucher is {{voucher}}.</p>\n"
            '<p><a href="https://shop.test/{{contact_id}}">Yours</a></p>\n')
    line = '<p style="margin:0">The week has seven days and the shop is open on six of them.</p>\n'
    return head + line * ((BODY_BYTES - len(head)) // len(line)) + "</body></html>\n"


def write_campaign(folder, name, messages, domains, first):
    path = folder / name
    path.mkdir(parents=True)
    (path / "template.html").write_text(html())
    (path / "template.txt").write_text("Hello {{first_name}}, the shop is open.\n")
    (path / "campaign.toml").write_text(
        f'id = "{name}"\nclass = "commercial"\nfrom = "Shop <news@shop.test>"\n'
        'subject = "Hello {{first_name}}"\nhtml = "template.html"\ntext = "template.txt"\n'
        'recipients = "recipients.csv"\nlist_id = "news.shop.test"\npostal_address = "1 Test Street"\n')
    with open(path / "recipients.csv", "w", encoding="ascii") as out:
        out.write("email,first_name,contact_id,store,points,voucher\n")
        for number in range(first, first + messages):
            domain = f"d{number * 2654435761 % domains}.test"
            out.write(f"r{number}@{domain},First{number},{number},Harbour Street,{number % 900},V-{number}\n")
    return path


def delivered(service, names):
    return sum(service.campaign(name)["delivered"] for name in names)


class Mark:
    """Where everything stands at one moment."""

    def __init__(self, count, engine):
        self.at = time.monotonic()
        self.count = count
        self.user, self.system = engine.cpu_s()
        self.written = engine.written_bytes()


def between(first, last):
    count = last.count - first.count
    return {"per_s": count / (last.at - first.at), "user_us": (last.user - first.user) / count * 1e6,
            "system_us": (last.system - first.system) / count * 1e6,
            "disk_bytes": (last.written - first.written) / count, "seconds": last.at - first.at}


def drain(service, case, folder):
    """Campaigns are expanded while paused, then resumed; the marks of their delivery."""
    each = case.messages // case.streams
    names = [f"bench-{n}" for n in range(case.streams)]
    for n, name in enumerate(names):
        path = write_campaign(folder / "made", name, each, case.domains, n * each)
        os.rename(path, service.spool / "incoming" / name)
        wait_until("taken", lambda name=name: service.campaign(name), 60)
        service.run("campaign", "pause", name)
    wait_until("expanded", lambda: all(service.campaign(n)["injected"] == each for n in names), LIMIT_S, 0.2)
    engine = Engine(service.child.process.pid)
    before = delivered(service, names)
    for name in names:
        service.run("campaign", "resume", name)
    total = each * case.streams
    marks = []
    for share in (0.1, 0.9):
        goal = before + (total - before) * share
        wait_until("delivered", lambda goal=goal: delivered(service, names) >= goal, LIMIT_S, 0.1)
        marks.append(Mark(delivered(service, names), engine))
    wait_until("all", lambda: delivered(service, names) == total, LIMIT_S, 0.2)
    return marks, engine.peak_mib(), total


def through(service, case, submitter):
    """Mail submitted over SMTP and sent on as it comes; from the first submission to the last delivery."""
    line = service.child.line_that(lambda text: text.strip().startswith("smtp="))
    address, _, port = line.strip().removeprefix("smtp=").rpartition(":")
    engine = Engine(service.child.process.pid)
    first = Mark(0, engine)
    command = [submitter, address, port, str(case.messages), str(case.connections), str(BODY_BYTES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

    def queued():
        answer = service.run("queue", "summary", "--json")
        return json.loads(answer.stdout)["queued"]

    wait_until("all sent on", lambda: queued() == 0, LIMIT_S, 0.05)
    return [first, Mark(case.messages, engine)], engine.peak_mib(), case.messages


def measure(sluice, case):
    """One run. AssertionError when a message was lost or came twice: such a run has no rate."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        folder = pathlib.Path(name)
        os.sched_setaffinity(0, set(CORES) if case.submitted else {OTHER_CORE})
        sink = Sink(sluice, folder / "sink", personas=("flaky" if case.flaky else "plain",))
        service = Service(sluice, folder / "service", connections=case.connections)
        service.configure("messages_per_connection = 10000").route("*", sink.address)
        service.configure('[retry]\nladder = ["2s"]')
        if case.submitted:
            service.configure('[[listener]]\nlisten = "127.0.0.1:0"\ntrusted_networks = ["127.0.0.0/8"]')
        if case.sign == "none":
            service.unsigned("shop.test")
        else:
            service.sign(algorithm=case.sign)
        try:
            if not case.submitted:
                os.sched_setaffinity(0, {ENGINE_CORE})
            service.start()
            if case.submitted:
                submitter = pathlib.Path(sluice).parent / "bench" / "submit_bench"
                marks, peak, total = through(service, case, str(submitter))
            else:
                os.sched_setaffinity(0, {OTHER_CORE})
                marks, peak, total = drain(service, case, folder)
            service.stop()
            got = sink.stop()
        finally:
            service.kill()
            sink.kill()
            os.sched_setaffinity(0, set(CORES))
    assert got["unique"] == total and got["duplicates"] == 0, got
    return {**between(*marks), "peak_mib": peak, "lost": total - got["unique"], "twice": got["duplicates"]}
