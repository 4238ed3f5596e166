#!/usr/bin/env python3
"""Memory of a service that holds many connections and a long queue.

    bench/connections.py [--rows N] [--domains N] [--connections N] [--seconds N]      one line of JSON

The receiver answers each command after 200 ms, so that the connections the path may have are all busy. The
list is expanded first, with the campaign paused.
"""
import argparse
import json
import os
import pathlib
import tempfile
import time

from end_to_end import LIMIT_S, ROOT, Engine, Mark, between, delivered, write_campaign
from lib.processes import wait_until
from lib.service import Service
from lib.sink import Sink


def main():
    arguments = argparse.ArgumentParser(description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=10_000_000)
    arguments.add_argument("--domains", type=int, default=300_000)
    arguments.add_argument("--connections", type=int, default=1000)
    arguments.add_argument("--seconds", type=int, default=30)
    arguments.add_argument("--sluice", default=str(ROOT / "build" / "sluice"))
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-connections-") as name:
        folder = pathlib.Path(name)
        sink = Sink(options.sluice, folder / "sink", personas=("slow",))
        service = Service(options.sluice, folder / "service", connections=options.connections)
        service.configure("messages_per_connection = 10000").route("*", sink.address).unsigned("shop.test")
        path = write_campaign(folder / "made", "bench", options.rows, options.domains, 0)

        def connections():
            return json.loads(service.run("queue", "summary", "--json").stdout)["connections"]

        try:
            service.start()
            os.rename(path, service.spool / "incoming" / "bench")
            wait_until("taken", lambda: service.campaign("bench"), 60, 0.02)
            service.run("campaign", "pause", "bench")
            wait_until("read", lambda: service.campaign("bench")["expanded"], LIMIT_S, 0.1)
            service.stop()
            service.start()  # the expansion's own peak is bench/expansion.py's to tell
            service.run("campaign", "resume", "bench")
            wait_until("open", lambda: connections() >= 0.9 * options.connections, LIMIT_S, 0.5)
            engine = Engine(service.child.process.pid)
            first = Mark(delivered(service, ["bench"]), engine)
            time.sleep(options.seconds)
            span = between(first, Mark(delivered(service, ["bench"]), engine))
            print(json.dumps({"queued": service.campaign("bench")["queued"], "connections": connections(),
                              "per_s": round(span["per_s"]), "peak_mib": engine.peak_mib()}))
        finally:
            service.kill()
            sink.kill()


if __name__ == "__main__":
    main()
