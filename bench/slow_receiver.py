#!/usr/bin/env python3
"""A receiver that answers each command after 200 ms: does one path still use its full token rate?

    bench/slow_receiver.py [--rate N] [--seconds S]     prints one line of JSON; nothing here fails a test

`sluice serve` sends one domain's mail to `sluice sink` with the persona `slow` under a policy of N/s. What is
counted is what the sink wrote to its log of deliveries, between two of its flushes (every 256 KiB) after the
connections have grown; and the most connections it had open at once, against the policy's limit.
"""
import json
import os
import pathlib
import tempfile
import time

from end_to_end import LIMIT_S, options_of, write_campaign
from lib.service import Service
from lib.sink import Sink

GROWTH_S = 15


class Log:
    """The sink's log of deliveries, seen at the moments it is flushed."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.size = 0
        self.lines = 0

    def next_flush(self, limit_s=30):
        """The time of the next flush and the lines up to it."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            size = self.path.stat().st_size if self.path.exists() else 0
            if size > self.size:
                at = time.monotonic()
                time.sleep(0.05)  # it writes in pieces
                with open(self.path, "rb") as log:
                    log.seek(self.size)
                    text = log.read()
                self.size += len(text)
                self.lines += text.count(b"\n")
                return at, self.lines
            time.sleep(0.002)
        raise SystemExit("the sink has received nothing more")


def main():
    options = options_of(__doc__, rate=500, connections=500, seconds=30)
    messages = options.rate * (GROWTH_S + options.seconds + 45)
    with tempfile.TemporaryDirectory(prefix="sluice-slow-") as name:
        folder = pathlib.Path(name)
        sink = Sink(options.sluice, folder / "sink", personas=("slow",))
        service = Service(options.sluice, folder / "service", connections=options.connections)
        service.unsigned("shop.test").route("*", sink.address).configure(
            f'[[policy]]\nname = "slow"\nmatch = {{ domain = "d0.test" }}\nmessage_rate = "{options.rate}/s"')
        try:
            service.start()
            made = write_campaign(folder / "made", "slow", messages, 1, 0)
            os.rename(made, service.spool / "incoming" / "slow")
            log = Log(sink.folder / "ids.log")
            begun, _ = log.next_flush(LIMIT_S)
            while time.monotonic() < begun + GROWTH_S:
                first = log.next_flush()
            while time.monotonic() < first[0] + options.seconds:
                last = log.next_flush()
            summary = json.loads(service.run("queue", "summary", "--json").stdout)
            service.stop()
            stats = sink.stop()["sites"][0]
            print(json.dumps({"limit_per_s": options.rate,
                              "seen_per_s": round((last[1] - first[1]) / (last[0] - first[0]), 1),
                              "seconds": round(last[0] - first[0], 1), "most_open": stats["most_open"],
                              "connections_allowed": options.connections,
                              "connections_then": summary["connections"],
                              "opened": stats["connections"]}))
        finally:
            service.kill()
            sink.kill()


if __name__ == "__main__":
    main()
