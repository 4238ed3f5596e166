#!/usr/bin/env python3
"""Memory of a service that holds many connections and a long queue.

    bench/connections.py [--rows N] [--domains N] [--connections N] [--seconds N]      one line of JSON

The receiver answers each command after 200 ms, so that the connections are all busy. They belong to ten
sources: a path has at most `kRunsUnsettled` lease runs under way and could not keep a thousand busy alone.
The list is expanded first, with the campaign paused.
"""
import json
import os
import pathlib
import tempfile
import time

from end_to_end import LIMIT_S, Engine, Mark, between, delivered, options_of, write_campaign
from lib.processes import wait_until
from lib.service import Service
from lib.sink import Sink

SOURCES = 10


def many_sources():
    names = [f"many{n}" for n in range(SOURCES)]
    text = "".join(f'[[source]]\nname = "{name}"\naddress = "127.0.1.{n + 1}"\nehlo = "{name}.shop.test"\n'
                   for n, name in enumerate(names))
    return text + f'[[pool]]\nname = "many"\nsources = {json.dumps(names)}'


def main():
    options = options_of(__doc__, rows=10_000_000, domains=300_000, connections=1000, seconds=30)
    with tempfile.TemporaryDirectory(prefix="sluice-connections-") as name:
        folder = pathlib.Path(name)
        sink = Sink(options.sluice, folder / "sink", personas=("slow",))
        service = Service(options.sluice, folder / "service", connections=options.connections // SOURCES)
        service.configure("messages_per_connection = 10000").route("*", sink.address).unsigned("shop.test")
        service.configure(many_sources())
        path = write_campaign(folder / "made", "bench", options.rows, options.domains, 0)
        settings = path / "campaign.toml"
        settings.write_text('pool = "many"\n' + settings.read_text())

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
