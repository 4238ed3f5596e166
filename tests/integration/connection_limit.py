#!/usr/bin/env python3
"""The receiver never sees one connection more than its limit, though connections end and begin all the time.

Three receivers with limits of their own, each shared by every source; two messages a connection, so that each
place changes hands hundreds of times. The number is the receiver's own count of connections open at once.
"""
from lib.campaign import addresses, row
from lib.events import check_balance
from lib.processes import wait_until
from lib.scenario import run

LIMITS = {"plain": 1, "bounce": 3, "tls": 7}
PER_SITE = 1_500
LIMIT_S = 120
POLICY = """
[[policy]]
name = "{name}"
match = {{ {match} }}
connections = {limit}
messages_per_connection = 2
connection_rate = "100000/s"
[[route]]
match = {{ domain = "{name}.test" }}
hosts = ["{address}"]
"""


def scenario(scene):
    sink = scene.sink(personas=tuple(LIMITS), threads=2)
    service = scene.service(connections=50).unsigned("shop.test")
    for number in (2, 3):
        service.configure(f'[[source]]\nname = "s{number}"\naddress = "127.0.0.{number}"')
    service.configure('[[pool]]\nname = "wide"\nsources = ["a", "s2", "s3"]')
    for name, limit in LIMITS.items():
        address = sink.addresses[name]
        # By its domain the limit holds for the site all the same.
        match = f'domain = "{name}.test"' if name == "bounce" else f'site = "{address}"'
        service.configure(POLICY.format(name=name, limit=limit, address=address, match=match))
    service.start()
    people = addresses(PER_SITE * len(LIMITS), [f"{name}.test" for name in LIMITS])
    rows = [row(number, address) for number, address in enumerate(people)]
    campaign = scene.campaign("turns", rows, {"pool": '"wide"'})
    service.run("send", str(campaign.path), "--detach")
    wait_until("every recipient final", lambda: (service.campaign("turns") or {}).get("state") == "done",
               LIMIT_S, 0.2)
    shown = service.campaign("turns")
    check_balance(shown)
    service.stop()
    for site in sink.stop()["sites"]:
        limit = LIMITS[site["persona"]]
        used = site["most_open"]
        assert used <= limit, f"{used} open at once, {limit} allowed: {site}"
        least = max(1, limit - 1)  # the last one may be kept for transactional mail
        assert used >= least, f"{used} of {limit} used: {site}"
        assert site["connections"] >= PER_SITE // 4, f"places hardly changed hands: {site}"


if __name__ == "__main__":
    run(scenario)
