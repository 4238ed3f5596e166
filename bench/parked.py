#!/usr/bin/env python3
"""What a service costs while nearly everything in it waits for a limit.

    bench/parked.py [--paths N] [--rows N] [--seconds N]      one line of JSON

Each site may have one message an hour: after its first, its path is parked until the next token. CPU of
the whole process, in percent of a core, once the list is expanded, every path has sent its first and half
a minute has gone.
"""
import json
import os
import pathlib
import tempfile
import time

from end_to_end import LIMIT_S, Engine, options_of, write_campaign
from lib.processes import wait_until
from lib.service import Service
from lib.sink import Sink

SETTLE_S = 30


def main():
    options = options_of(__doc__, paths=1_000, rows=1_000_000, seconds=30)
    with tempfile.TemporaryDirectory(prefix="sluice-parked-") as name:
        folder = pathlib.Path(name)
        sink = Sink(options.sluice, folder / "sink", host="0.0.0.0")
        port = sink.address.rpartition(":")[2]
        service = Service(options.sluice, folder / "service").unsigned("shop.test")
        service.configure('[[policy]]\nname = "slow"\nmatch = { site = "*" }\nmessage_rate = "1/hr burst 1"')
        for path in range(options.paths):
            service.route(f"d{path}.test", f"127.1.{path // 250}.{path % 250 + 1}:{port}")
        try:
            service.start()
            made = write_campaign(folder / "made", "bench", options.rows, options.paths, 0)
            os.rename(made, service.spool / "incoming" / "bench")
            wait_until("taken", lambda: service.campaign("bench"), 60, 0.02)
            wait_until("read", lambda: service.campaign("bench")["expanded"], LIMIT_S, 0.1)
            wait_until("each has sent its first",
                       lambda: service.campaign("bench")["delivered"] >= options.paths, LIMIT_S, 0.1)
            time.sleep(SETTLE_S)
            engine = Engine(service.child.process.pid)
            before = sum(engine.cpu_s())
            time.sleep(options.seconds)
            used = sum(engine.cpu_s()) - before
            print(json.dumps({"queued": service.campaign("bench")["queued"], "paths": options.paths,
                              "core_percent": round(100 * used / options.seconds, 2),
                              "peak_mib": engine.peak_mib()}))
        finally:
            service.kill()
            sink.kill()


if __name__ == "__main__":
    main()
