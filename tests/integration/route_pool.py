#!/usr/bin/env python3
"""A [[route]] with a pool: its domains' mail leaves from that pool, to the route's hosts or to the MX, also
while the campaign is moved to another pool; explain names the pool."""
import json

from lib.campaign import row
from lib.dns_server import DnsServer
from lib.events import check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

EACH = 40
LIMIT_S = 60
SETTINGS = """[delivery]
smtp_port = {port}
[dns]
servers = ["127.0.0.1:{dns}"]
[[source]]
name = "b"
address = "127.0.0.2"
ehlo = "b.shop.test"
[[source]]
name = "c"
address = "127.0.0.3"
ehlo = "c.shop.test"
[[pool]]
name = "special"
sources = ["b"]
[[pool]]
name = "other"
sources = ["c"]
[[route]]
match = {{ domain = "hosts.test" }}
hosts = ["{sink}"]
pool = "special"
[[route]]
match = {{ domain = "mx.pool.test" }}
pool = "special"
[[policy]]
name = "still"
match = {{ domain = "mx.pool.test" }}
daily_quota = 10
"""
EXPECTED = {"plain.pool.test": {"a", "c"}, "hosts.test": {"b"}, "mx.pool.test": {"b"}}


def by_domain(data):
    seen = {}
    for event in read_events(data):
        if event["event"] == "delivered":
            seen.setdefault(event["recipient"].rpartition("@")[2], []).append(event["source"])
    return seen


def scenario(scene):
    sink = scene.sink()
    zone = "plain IN MX 10 mail\nmx IN MX 10 mail\nmail IN A 127.0.0.1\n"
    with DnsServer({"pool.test": zone}) as names:
        service = scene.service().unsigned("shop.test")
        port = int(sink.address.rpartition(":")[2])
        service.configure(SETTINGS.format(port=port, dns=names.port, sink=sink.address)).start()
        people = [row(number, f"r{number}@{domain}")
                  for number, domain in enumerate(sorted(EXPECTED) * EACH)]
        campaign = scene.campaign("routed", people, {"rate": '"25/s burst 1"'})
        service.run("send", str(campaign.path), "--detach")
        wait_until("some are delivered", lambda: (service.campaign("routed") or {}).get("delivered", 0) > 5,
                   LIMIT_S, 0.02)
        service.run("campaign", "route", "routed", "--pool", "other")
        wait_until("all but what the quota holds is delivered",
                   lambda: (service.campaign("routed") or {}).get("delivered", 0) == 2 * EACH + 10,
                   LIMIT_S, 0.1)
        told = json.loads(service.run("explain", "mx.pool.test", "--json").stdout)
        assert {site["pool"] for site in told["sites"]} == {"special"}, told
        assert "still" in json.dumps(told), told
        service.run("throttle", "reset", "still")
        service.run("campaign", "cancel", "routed")
        wait_until("the rest is cancelled",
                   lambda: (service.campaign("routed") or {}).get("state") == "cancelled", LIMIT_S, 0.1)
        check_balance(service.campaign("routed"))
        service.stop()
    seen = by_domain(service.data)
    assert {domain: set(sources) for domain, sources in seen.items()} == EXPECTED, seen


if __name__ == "__main__":
    run(scenario)
