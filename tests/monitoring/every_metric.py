#!/usr/bin/env python3
"""Every metric of the catalogue moves: every_metric.py path/to/sluice.

A service lives through a day with everything: all kinds of receivers, a name server, a door, limits, a
source that warms up, a full disk, a thread that hangs; then it starts again with other settings. /metrics
is read all the time. A counter or histogram has moved when it grew, a gauge when it had two values.
What it cannot move is in ELSEWHERE, with the test that does.
"""
import os
import pathlib
import re
import smtplib
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from bad_day import StoppedThread  # noqa: E402
from prometheus import metrics_address  # noqa: E402
from lib.campaign import row  # noqa: E402
from lib.disk import fill, small_disk  # noqa: E402
from lib.dns_server import DnsServer  # noqa: E402
from lib.processes import wait_until  # noqa: E402
from lib.scenario import run  # noqa: E402
from lib.scrape import Page, fetch  # noqa: E402
from lib.submitter import smtp_address  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "metrics/catalog.hpp"
FEED = "tests/unit/control/feed_meter_test.cpp"
LOOP, HOOKS = "tests/integration/feedback_loop.py", "tests/integration/webhooks.py"
# Metric: file and name of the test. The feed's tests and the scenarios (no name) read the page; the others
# test what the page shows.
ELSEWHERE = {
    "sluice_events_dropped_total": (FEED, "FeedMeterTest", "MissingNumbersAreDropped"),
    "sluice_returned_total": (LOOP, "", ""),
    "sluice_complaints_total": (LOOP, "", ""),
    "sluice_unsubscribes_total": (LOOP, "", ""),
    "sluice_inbound_total": (LOOP, "", ""),
    "sluice_webhook_requests_total": (HOOKS, "", ""),
    "sluice_webhook_events_total": (HOOKS, "", ""),
    "sluice_webhook_gap_events_total": (HOOKS, "", ""),
    "sluice_webhook_disabled": (HOOKS, "", ""),
    "sluice_reports_total": ("tests/integration/sender_reports.py", "", ""),
    "sluice_write_stalls_total": ("tests/unit/store/stall_watch_test.cpp", "StallWatch",
                                  "CountsWhatGetsWorseAndKnowsWhenItIsOver"),
    "sluice_write_stalled": ("tests/unit/store/stall_watch_test.cpp", "StallWatch",
                             "CountsWhatGetsWorseAndKnowsWhenItIsOver"),
    "sluice_warmup_held": ("tests/unit/delivery/warmup_book_test.cpp", "WarmupBookTest",
                           "HoldsTheStepAfterDeferrals"),  # decided once a day
    "sluice_thread_stalled_seconds": ("tests/unit/control/thread_probe_test.cpp", "ThreadProbe",
                                      "TellsOfAThreadThatDoesNotAnswer"),
}
CONSTANT = {"sluice_build_info"}  # its label is compared instead
PERSONAS = ["plain", "tls-required", "limited", "drop", "full", "bounce", "greylist"]
EACH = 120
DISK_MIB = 96
LIMIT_S = 60
SETTINGS = """
[retry]
ladder = ["1s", "1s", "2s"]
greylist = ["1s", "2s"]
in_doubt_delay = "1s"
[delivery]
idle = "1s"
smtp_port = {smtp_port}
[dns]
servers = ["127.0.0.1:{dns_port}"]
[http]
listen = "127.0.0.1:0"
[store]
write_buffer = "4 MiB"
wal_size = "16 MiB"
ballast = "8 MiB"
refuse_below = "{refuse}"
stop_below = "{stop}"
[[policy]]
name = "slow"
match = {{ domain = "slow.test" }}
message_rate = "6/s burst 1"
[[listener]]
listen = "127.0.0.1:0"
trusted_networks = ["127.0.0.0/8"]
starttls = "optional"
cert_file = "{folder}/{certificate}.crt"
key_file = "{folder}/{certificate}.key"
[[source]]
name = "b"
address = "127.0.0.3"
ehlo = "b.shop.test"
[[source]]
name = "young"
address = "127.0.0.4"
ehlo = "young.shop.test"
warmup = "50, 100"
"""


class Watch:
    """Reads the page until stopped, and remembers what moved."""

    def __init__(self):
        self.moved, self.families, self.last = set(), {}, None
        self.address = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while not self.over.wait(0.05):
            try:
                self.add(fetch(self.address)) if self.address else None
            except OSError:
                pass

    def add(self, text):
        self.families |= dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        now = {(name, tuple(sorted(labels.items()))): value for name, labels, value in Page(text).samples}
        for key in (now.keys() | self.last.keys()) if self.last is not None else ():
            before, after = self.last.get(key, 0), now.get(key, 0)
            family = key[0] if key[0] in self.families else re.sub(r"_(bucket|sum|count)$", "", key[0])
            gauge = self.families[family] == "gauge"
            if (before != after) if gauge else (after > before):
                self.moved.add(family)
        self.last = now

    def stop(self):
        self.over.set()
        self.thread.join()


def certificate(folder, name, days):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj",
                    "/CN=mail.shop.test", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"],
                   check=True, capture_output=True)
    (folder / f"{name}.key").chmod(0o600)


def submit(at):
    with smtplib.SMTP(*at, timeout=20) as client:
        client.sendmail("app@shop.test", ["t@plain.test"],
                        "From: app@shop.test\r\nSubject: s\r\n\r\nBody\r\n")
        try:
            client.sendmail("app@shop.test", ["t@plain.test"], "From: someone@elsewhere.test\r\n\r\nBody\r\n")
            raise AssertionError("mail from a domain nobody lists was taken")
        except smtplib.SMTPDataError:
            pass


def send(scene, service, name, people, **settings):
    rows = [row(number, address) for number, address in enumerate(people)]
    service.run("send", str(scene.campaign(name, rows, settings).path), "--detach")


def delivered(service, name):
    return (service.campaign(name) or {}).get("delivered", 0)


def state(service, name):
    return (service.campaign(name) or {}).get("state")


def busy_day(scene, service):
    """Receivers of every kind, a limit, a suspended source, a campaign on hold, mail at the door."""
    (service.spool / "incoming" / "waits").mkdir()  # it grows old: whoever makes it has a minute
    service.run("source", "suspend", "b", "--cause", "a test")
    submit(smtp_address(service))
    service.run("suppress", "add", "listed@plain.test")
    people = [f"r{number}@{persona}.test" for number in range(EACH) for persona in PERSONAS]
    people += [f"r{number}@mx.dns.test" for number in range(20)] + ["listed@plain.test"]
    send(scene, service, "all", people, expire='"12s"')
    send(scene, service, "slow", [f"r{number}@slow.test" for number in range(90)])
    wait_until("the slow one runs", lambda: delivered(service, "slow") > 12, LIMIT_S, 0.2)
    service.run("campaign", "pause", "slow")
    service.run("campaign", "resume", "slow")
    for name in ("all", "slow"):
        wait_until(f"{name} is done", lambda campaign=name: state(service, campaign) == "done", LIMIT_S,
                   0.2)
    service.run("source", "resume", "b")
    service.run("reload")


def full_disk(scene, service):
    filler = service.data / "filler"
    send(scene, service, "squeezed", [f"r{number}@plain.test" for number in range(30_000)], rate='"2000/s"')
    wait_until("it is under way", lambda: delivered(service, "squeezed") > 300, LIMIT_S, 0.05)
    wait_until("the store cannot write",
               lambda: fill(filler) or "store_commit_failed" in service.log(), LIMIT_S, 0.05)
    time.sleep(1)  # for the reader of /metrics: it must see that state
    filler.unlink()
    wait_until("it goes on", lambda: "store_commit_recovered" in service.log(), LIMIT_S, 0.1)
    service.run("campaign", "cancel", "squeezed")
    wait_until("it is over", lambda: state(service, "squeezed") == "cancelled", LIMIT_S, 0.2)


def hang(service):
    """Whether a thread could be stopped here."""
    thread = StoppedThread(service.child.process.pid, "delivery")
    if thread.ok:
        time.sleep(3)  # the probe tells of a second and more
        thread.release()
    return thread.ok


def check(watch, tried, version):
    known = set(re.findall(r'"((?:sluice|process)_[a-z_]+)"', CATALOGUE.read_text()))
    still = known - watch.moved - CONSTANT
    expected = set(ELSEWHERE) - {name for name in ("sluice_thread_stalled_seconds",) if tried}
    assert still <= expected, f"did not move: {sorted(still - expected)}"
    assert set(ELSEWHERE) <= known, set(ELSEWHERE) - known
    for name, (file, subject, claim) in ELSEWHERE.items():
        text = (ROOT / file).read_text()
        assert not claim or re.search(rf"TEST(?:_F)?\({subject}, {claim}\)", text), (name, file, claim)
        assert (claim and file != FEED) or name in text, f"{file} does not look at {name}"
    built = [labels for name, labels, _ in Page(watch.text).samples if name == "sluice_build_info"]
    assert len(built) == 1 and built[0]["version"] in version, (built, version)
    print(f"{len(known)} metrics, {len(watch.moved)} moved here; elsewhere {sorted(still)}")


def settle(service, text, **values):
    service._text = text + SETTINGS.format(**values)
    service.start()
    return metrics_address(service)


def scenario(scene):
    sink = scene.sink(personas=PERSONAS)
    port = int(sink.addresses["plain"].rpartition(":")[2])
    dns = DnsServer({"dns.test": "mx IN MX 10 mail\nmail IN A 127.0.0.1\n"})
    dns.start()
    scene.ends_with(dns.stop)
    service = scene.service()
    small_disk(scene, service.data, DISK_MIB)
    for name, days in (("first", 100), ("second", 300)):
        certificate(scene.folder, name, days)
    service.sign()
    for persona, address in sink.addresses.items():
        service.route(f"{persona}.test", address)
    service.route("slow.test", sink.addresses["plain"])
    text = service._text.replace('settle = "1s"', 'settle = "60s"')
    text = text.replace('sources = ["a"]', 'sources = ["a", "b", "young"]')
    values = {"dns_port": dns.port, "smtp_port": port, "folder": scene.folder}
    watch = Watch()
    watch.address = settle(service, text, certificate="first", refuse="0 B", stop="0 B", **values)
    wait_until("the page was read", lambda: watch.last is not None, LIMIT_S)
    busy_day(scene, service)
    tried = hang(service)
    full_disk(scene, service)
    watch.address = None
    assert service.stop()[0] == 0
    subprocess.run(["mount", "-o", f"remount,size={2 * DISK_MIB}m", service.data], check=True)
    os.utime(service.folder / "s1.shop.test.pem", (1e9, 1e9))  # as if it were an older key
    watch.address = settle(service, text, certificate="second", refuse="2 MiB", stop="1 MiB", **values)
    wait_until("its files were looked at",
               lambda: "sluice_certificate_expiry" in fetch(watch.address), LIMIT_S, 0.2)
    watch.stop()
    watch.text = fetch(watch.address)
    watch.add(watch.text)
    check(watch, tried, service.run("version").stdout)
    assert service.stop()[0] == 0


if __name__ == "__main__":
    run(scenario)
