#!/usr/bin/env python3
"""Taking mail over SMTP, alone: nothing is sent on meanwhile.

    bench/accept.py [--messages N] [--clients N] [--bytes N]      one line of JSON

Each client waits for its 250, which comes after the message is synced. Clients and service share the
machine. A standing order holds the tenant, so that no delivery mixes in.
"""
import json
import pathlib
import subprocess
import tempfile

from end_to_end import LIMIT_S, Engine, Mark, between, options_of
from lib.service import Service
from lib.submitter import smtp_address


def main():
    options = options_of(__doc__, messages=200_000, clients=64, bytes=10_000)
    submitter = pathlib.Path(options.sluice).parent / "bench" / "submit_bench"
    with tempfile.TemporaryDirectory(prefix="sluice-accept-") as name:
        service = Service(options.sluice, pathlib.Path(name))
        service.configure('[[listener]]\nlisten = "127.0.0.1:0"\ntrusted_networks = ["127.0.0.0/8"]')
        service.unsigned("shop.test")
        try:
            service.start()
            address, port = smtp_address(service)
            service.run("queue", "hold", "--tenant", "default")
            engine = Engine(service.child.process.pid)
            first = Mark(0, engine)
            command = [submitter, address, port, options.messages, options.clients, options.bytes]
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                                  timeout=LIMIT_S, check=True)
            span = between(first, Mark(options.messages, engine))
            print(json.dumps({**json.loads(done.stdout), "per_s": round(span["per_s"]),
                              "cpu_us": round(span["user_us"] + span["system_us"], 1),
                              "written": round(span["disk_bytes"]), "peak_mib": engine.peak_mib()}))
        finally:
            service.kill()


if __name__ == "__main__":
    main()
