#!/usr/bin/env python3
"""`sluice explain` of what ends with the hour or the day: the service is started shortly before a midnight,
by a preloaded clock (libfaketime), and the mail goes when it was told to."""
import glob
import sys

from explain import blocker, delivered, goes_at, instant, send
from lib.processes import wait_until
from lib.scenario import run

LIBRARY = "/usr/lib/*/faketime/libfaketimeMT.so.1"
BEFORE_S = 20
LIMIT_S = 60
CONFIGURATION = """
[[policy]]
name = "hourly"
match = { domain = "hour.test" }
hourly_quota = 1
[[policy]]
name = "daily"
match = { domain = "day.test" }
daily_quota = 1
[[source]]
name = "b"
address = "127.0.0.2"
warmup = "1, 1k"
[[pool]]
name = "warm"
sources = ["b"]
"""


def scenario(scene):
    found = glob.glob(LIBRARY)
    if not found:
        print("libfaketime is not there", file=sys.stderr)
        sys.exit(77)
    sink = scene.sink()
    service = scene.service(connections=4).unsigned("shop.test").configure(CONFIGURATION)
    for domain in ("hour.test", "day.test", "warm.test"):
        service.route(domain, sink.address)
    service.environment = {"LD_PRELOAD": found[0], "FAKETIME": f"@2027-03-09 23:59:{60 - BEFORE_S}",
                           "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}
    service.start()
    promised = {}
    for domain, kind, settings in (("hour.test", "quota", {}), ("day.test", "quota", {}),
                                   ("warm.test", "warm-up", {"pool": '"warm"'})):
        send(scene, service, domain.partition(".")[0], domain, 2, settings)
        wait_until(f"the first went to {domain}", lambda: delivered(service, domain), LIMIT_S, 0.05)
        one, answer = blocker(service, domain, kind)
        assert answer["blocked"] and one["until"].startswith("2027-03-10T00:00:00"), answer
        promised[domain] = one["until"], instant(answer["now"])
    for domain, (until, asked) in promised.items():
        goes_at(service, domain, until, asked, 1)


if __name__ == "__main__":
    run(scenario)
