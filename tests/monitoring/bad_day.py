#!/usr/bin/env python3
"""The shipped alerts on a good day and on bad ones, by a real Prometheus: bad_day.py path/to/sluice.

Good: campaigns to receivers with ordinary habits; nothing fires. Bad, one after the other, each until
its alert fires: a receiver that cannot be reached, one that refuses our address by a block list, a disk
that is full, a worker that hangs (one thread, stopped by ptrace). What else fires must be a known
consequence. Rules run on a faster clock (faster_rules.py). SLUICE_LONG=1: a longer good day, and the
alerts must end when their cause does.
"""
import ctypes
import os
import pathlib
import signal
import socket
import threading
import time

from faster_rules import faster
from prometheus import Prometheus, metrics_address, long_run
from lib.campaign import row
from lib.disk import fill_to, small_disk
from lib.processes import wait_until
from lib.scenario import run

RULES = pathlib.Path(__file__).resolve().parents[2] / "metrics/alerts/sluice.rules.yml"
GOOD_S = 120 if long_run() else 12
LIMIT_S = 60
REFUSAL = b"554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org\r\n"
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
DOWN = {"down-1.test": 9, "down-2.test": 11, "down-3.test": 13, "down-4.test": 17}  # nobody listens there
GOOD = ("plain", "greylist", "tls")
PROVIDERS = {"good": "127.0.0.2", "down": "127.0.0.5", "strict": "127.0.0.6", "other-one": "127.0.0.7"}
SETTINGS = """[retry]
ladder = ["1s", "1s", "1s", "2s", "2s", "2s", "4s", "4s", "4s"]
[shaping]
providers_file = "{providers}"
[http]
listen = "127.0.0.1:0"
[store]
write_buffer = "8 MiB"
wal_size = "16 MiB"
refuse_below = "120 MiB"
stop_below = "60 MiB"
ballast = "16 MiB"
"""


class Refuser:
    """SMTP that refuses every message because of a block list."""

    def __init__(self, host):
        self.server = socket.create_server((host, 0), backlog=64)
        self.address = "%s:%d" % self.server.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, client.makefile("rb") as lines:
            client.sendall(b"220 ready\r\n")
            for line in lines:
                client.sendall(REFUSAL if line[:4].upper() == b"MAIL" else b"250 fine\r\n")


class StoppedThread:
    """One thread of another process, stopped from here until it is let go."""

    def __init__(self, pid, name):
        self.libc = ctypes.CDLL(None, use_errno=True)
        tasks = pathlib.Path(f"/proc/{pid}/task")
        self.tid = next(int(task.name) for task in tasks.iterdir()
                        if (task / "comm").read_text().strip().startswith(name))
        self.ok = self.libc.ptrace(PTRACE_ATTACH, self.tid, None, None) == 0
        if self.ok:
            os.waitpid(self.tid, 0x40000000)  # __WALL: it is no child of ours

    def release(self):
        if self.ok:
            self.libc.ptrace(PTRACE_DETACH, self.tid, None, None)
            self.ok = False


class Day:
    def __init__(self, scene):
        self.scene = scene
        self.disk = scene.folder / "disk"
        small_disk(scene, self.disk, 600)
        providers = scene.folder / "providers.toml"
        providers.write_text("".join(f'[[provider]]\nname = "{name}"\nnetworks = ["{host}/32"]\n'
                                     for name, host in PROVIDERS.items()))
        sink = scene.sink(host=PROVIDERS["good"], personas=GOOD)
        self.service = scene.service(disk=self.disk).unsigned("shop.test")
        for persona, address in sink.addresses.items():
            self.service.route(f"{persona}.test", address)
        self.refuser = Refuser(PROVIDERS["strict"])
        self.service.route("strict.test", self.refuser.address)
        for site, port in DOWN.items():
            self.service.route(site, f"{PROVIDERS['down']}:{port}")
        self.service.configure(SETTINGS.format(providers=providers)).start()
        rules = scene.folder / "rules.yml"
        rules.write_text(faster(RULES.read_text()))
        self.prometheus = Prometheus(scene, metrics_address(self.service), rules)
        self.seen = set()
        self.sent = 0

    def send(self, *addresses):
        self.sent += 1
        name = f"day-{self.sent}"
        rows = [row(number, address) for number, address in enumerate(addresses)]
        self.service.run("send", str(self.scene.campaign(name, rows).path), "--detach")

    def firing(self):
        now = self.prometheus.firing()
        self.seen |= now
        return now

    def until(self, alert, provider="", limit_s=LIMIT_S):
        try:
            wait_until(f"{alert} fires", lambda: (alert, provider) in self.firing(), limit_s, 0.5)
        except AssertionError:
            counts = self.prometheus.get("query", query="sum by (provider, class) (sluice_deferred_total)")
            what = f"{alert} {provider} did not fire; did: {sorted(self.seen)}; {counts}"
            raise AssertionError(what) from None

    def ends(self, alert):
        wait_until(f"{alert} ends", lambda: alert not in {name for name, _ in self.firing()}, LIMIT_S, 0.5)

    def only(self, *expected):
        """Nothing else has fired since the last call."""
        others = {name for name, _ in self.seen} - set(expected)
        assert not others, f"{sorted(others)} fired as well"
        self.seen.clear()


def good_day(day):
    end = time.monotonic() + GOOD_S
    while time.monotonic() < end:
        day.send(*(f"r{number}@{name}.test" for number in range(100) for name in GOOD))
        for _ in range(10):
            day.firing()
            time.sleep(0.3)
    assert day.prometheus.value("sum(sluice_delivered_total)") > 300
    assert day.prometheus.value("sum(sluice_ready)") == 1
    day.only()


def provider_down(day):
    day.send(*(f"r{number}@{site}" for number in range(10) for site in DOWN))
    day.until("SluiceProviderDown", "down")
    day.only("SluiceProviderDown", "SluiceOldestReady", "SluiceDeferrals", "SluiceDeferralsHigh")


def block_list(day):
    day.send(*(f"r{number}@strict.test" for number in range(200)))
    day.until("SluiceBlocklisted", "strict")
    day.only("SluiceBlocklisted", "SluiceProviderDown", "SluiceOldestReady", "SluiceDeferrals",
             "SluiceDeferralsHigh", "SluiceSourceDeferrals", "SluiceSourceSuspended", "SluiceStalled")


def disk_full(day):
    ballast = day.disk / "filler"
    fill_to(ballast, 100)
    day.until("SluiceDiskLow")
    day.only("SluiceDiskLow", "SluiceDiskFilling", "SluiceNotReady", "SluiceProviderDown",
             "SluiceBlocklisted", "SluiceOldestReady", "SluiceStalled", "SluiceDeferrals",
             "SluiceDeferralsHigh", "SluiceSourceDeferrals", "SluiceSourceSuspended")
    ballast.unlink()
    if long_run():
        day.ends("SluiceDiskLow")


def worker_hangs(day):
    thread = StoppedThread(day.service.child.process.pid, "delivery")
    if not thread.ok:
        print("not tried: no thread can be stopped here")
        return
    try:
        day.until("SluiceThreadStalled")
    finally:
        thread.release()
    if long_run():
        day.ends("SluiceThreadStalled")


def scenario(scene):
    day = Day(scene)
    good_day(day)
    provider_down(day)
    block_list(day)
    disk_full(day)
    worker_hangs(day)
    day.service.child.process.send_signal(signal.SIGTERM)


if __name__ == "__main__":
    run(scenario)
