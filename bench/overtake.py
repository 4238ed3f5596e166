#!/usr/bin/env python3
"""How long transactional mail waits on a path that is busy with a campaign.

    bench/overtake.py [--rows N] [--seconds N] [--rate PER_S]      one line of JSON

A campaign of N rows goes to one domain as fast as its receiver takes it; meanwhile an application submits
mail to the same domain over SMTP. The wait is `queued_ms` of its `delivered` events, which counts from the
acceptance to the answer to the final dot: the time the message itself takes is in it.
"""
import json
import os
import pathlib
import tempfile
import time

from end_to_end import LIMIT_S, options_of, write_campaign
from lib.events import read_events
from lib.processes import wait_until
from lib.service import Service
from lib.sink import Sink
from lib.submitter import Connection, smtp_address


def submit(at, seconds, rate):
    connection = Connection(at)
    begun = time.monotonic()
    for number in range(int(seconds * rate)):
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        assert connection.submit(f"t{number}@d0.test", 20)
    return int(seconds * rate)


def share(values, part):
    return values[min(len(values) - 1, int(len(values) * part))]


def main():
    options = options_of(__doc__, rows=1_000_000, seconds=20, rate=50)
    with tempfile.TemporaryDirectory(prefix="sluice-overtake-") as name:
        folder = pathlib.Path(name)
        sink = Sink(options.sluice, folder / "sink")
        service = Service(options.sluice, folder / "service", connections=20)
        service.configure("messages_per_connection = 10000").route("*", sink.address).unsigned("shop.test")
        service.configure('[[listener]]\nlisten = "127.0.0.1:0"\ntrusted_networks = ["127.0.0.0/8"]')
        path = write_campaign(folder / "made", "bench", options.rows, 1, 0)
        try:
            service.start()
            at = smtp_address(service)
            os.rename(path, service.spool / "incoming" / "bench")
            wait_until("sending", lambda: (service.campaign("bench") or {"delivered": 0})["delivered"] > 1000,
                       LIMIT_S, 0.05)
            before, begun = service.campaign("bench")["delivered"], time.monotonic()
            sent = submit(at, options.seconds, options.rate)
            after = service.campaign("bench")
            rate = (after["delivered"] - before) / (time.monotonic() - begun)
            assert after["queued"] > 0, "the campaign was over before the measurement was: more --rows"
            service.run("campaign", "cancel", "bench")
            service.stop()
            waits = sorted(event["queued_ms"] for event in read_events(service.data)
                           if event["event"] == "delivered" and event.get("campaign") != "bench")
            assert len(waits) == sent, (len(waits), sent)
            print(json.dumps({"campaign_per_s": round(rate), "messages": sent, "p50_ms": share(waits, 0.5),
                              "p99_ms": share(waits, 0.99), "max_ms": waits[-1]}))
        finally:
            service.kill()
            sink.kill()


if __name__ == "__main__":
    main()
