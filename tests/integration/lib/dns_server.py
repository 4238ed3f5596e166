#!/usr/bin/env python3
"""A real name server (nsd) on a free loopback port, for tests.

As a library:
    with DnsServer({"test": ZONE_TEXT}, broken=["broken.test"]) as server:
        ... server.port ...
As a program (unit tests): dns_server.py [--port N] [--broken ZONE]... ZONE=FILE...
    prints "port N" when it answers; ends, with the server, when its standard input does.

A zone's text needs neither SOA nor NS: they are put in front, with a TTL of 60 s and a negative TTL of 1 s.
A broken zone is configured without data: the server answers SERVFAIL for it.
"""
import argparse
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

START_LIMIT_S = 20
ATTEMPTS = 5

PREAMBLE = """$ORIGIN {zone}.
$TTL 60
@ IN SOA ns.{zone}. hostmaster.{zone}. 1 3600 900 86400 1
@ IN NS ns.{zone}.
ns IN A 127.0.0.1
"""


def free_port():
    """A port free for both UDP and TCP at this moment."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                try:
                    udp.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    continue


def answers(port, zone, timeout_s):
    """Whether the server gives any answer to a SOA question for `zone`."""
    name = b"".join(bytes([len(label)]) + label for label in zone.encode().split(b".")) + b"\0"
    query = struct.pack(">HHHHHH", 0x5A5A, 0, 1, 0, 0, 0) + name + struct.pack(">HH", 6, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", port))
        udp.settimeout(timeout_s)
        try:
            udp.send(query)
            return udp.recv(4096)[:2] == query[:2]
        except OSError:
            return False


class DnsServer:
    def __init__(self, zones, broken=(), port=0):
        self.zones = zones
        self.broken = list(broken)
        self.fixed_port = port
        self.port = 0
        self.process = None
        self.folder = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        for _ in range(ATTEMPTS):
            self.port = self.fixed_port or free_port()
            self.folder = tempfile.mkdtemp(prefix="sluice-dns-")
            self._write_files()
            nsd = shutil.which("nsd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
            if nsd is None:
                raise RuntimeError("nsd is not installed")
            quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            self.process = subprocess.Popen([nsd, "-d", "-c", self._path("nsd.conf")], **quiet)
            if self._wait_until_it_answers():
                return
            log = self._log()
            self.stop()
        raise RuntimeError("nsd did not start: " + log)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(START_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _log(self):
        try:
            with open(self._path("nsd.log"), encoding="utf-8", errors="replace") as log:
                return log.read()[-2000:]
        except OSError:
            return "no log"

    def _write_files(self):
        config = (f'server:\n ip-address: 127.0.0.1@{self.port}\n username: ""\n chroot: ""\n'
                  f' zonesdir: "{self.folder}"\n database: ""\n pidfile: "{self._path("nsd.pid")}"\n'
                  f' xfrdfile: "{self._path("xfrd.state")}"\n xfrdir: "{self.folder}"\n'
                  f' zonelistfile: "{self._path("zone.list")}"\n'
                  f' logfile: "{self._path("nsd.log")}"\n server-count: 1\n rrl-ratelimit: 0\n'
                  'remote-control:\n control-enable: no\n')
        for number, (zone, text) in enumerate(self.zones.items()):
            with open(self._path(f"{number}.zone"), "w", encoding="utf-8") as out:
                out.write(text if " SOA " in text else PREAMBLE.format(zone=zone) + text)
            config += f'zone:\n name: "{zone}"\n zonefile: "{number}.zone"\n'
        for zone in self.broken:
            config += f'zone:\n name: "{zone}"\n zonefile: "missing.zone"\n'
        with open(self._path("nsd.conf"), "w", encoding="utf-8") as out:
            out.write(config)

    def _wait_until_it_answers(self):
        zone = next(iter(self.zones), None) or self.broken[0]
        limit = time.monotonic() + START_LIMIT_S
        while time.monotonic() < limit and self.process.poll() is None:
            if answers(self.port, zone, 0.05):
                return True
            time.sleep(0.005)  # a refused datagram returns at once: poll, do not spin
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="this port instead of a free one")
    parser.add_argument("--broken", action="append", default=[], metavar="ZONE",
                        help="answer SERVFAIL for it")
    parser.add_argument("zones", nargs="+", metavar="ZONE=FILE")
    options = parser.parse_args()
    zones = {}
    for item in options.zones:
        zone, _, path = item.partition("=")
        with open(path, encoding="utf-8") as text:
            zones[zone] = text.read()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with DnsServer(zones, options.broken, options.port) as server:
        print(f"port {server.port}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
