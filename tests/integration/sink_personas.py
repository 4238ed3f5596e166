#!/usr/bin/env python3
"""Receivers with habits: each ends in the right outcome and class; their limits are learnt, not fought."""
from lib.campaign import row
from lib.events import Ledger, check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

EACH = 300
LIMIT_S = 100
PERSONAS = ["greylist", "limited", "bounce", "flaky", "tls-required", "slow"]


def events_of(ledger, persona, kind):
    domain = f"{persona}.test"
    return [event for event in ledger.events if event["event"] == kind and event.get("domain") == domain]


def classes(events):
    return {event.get("class") for event in events}


def check_outcomes(ledger):
    for persona in ("greylist", "limited", "flaky", "tls-required", "slow"):
        count = len(events_of(ledger, persona, "delivered"))
        assert count == EACH, f"{persona}: {count} of {EACH} delivered"
        assert not events_of(ledger, persona, "bounced"), persona
    bounced = events_of(ledger, "bounce", "bounced")
    delivered = events_of(ledger, "bounce", "delivered")
    assert bounced and len(bounced) + len(delivered) == EACH, (len(bounced), len(delivered))
    assert classes(bounced) == {"invalid-recipient"}, classes(bounced)
    assert all(event["reply"]["code"] == 550 and event["attempts"] == 1 for event in bounced), bounced[:2]
    greylisted = events_of(ledger, "greylist", "deferred")
    assert len(greylisted) >= EACH and classes(greylisted) == {"greylist"}, classes(greylisted)
    assert classes(events_of(ledger, "limited", "deferred")) <= {"rate-limit", "connection-limit"}
    assert len(events_of(ledger, "flaky", "deferred")) > 0, "it put nobody off"
    assert all(event["tls"]["version"] for event in events_of(ledger, "tls-required", "delivered"))


def check_manners(stats):
    """Who says "too fast" or "too many" is not asked again and again at once."""
    sites = {site["persona"]: site for site in stats["sites"]}
    limited = sites["limited"]
    assert limited["rate_limited"] <= EACH // 2, f"{limited['rate_limited']} mails refused for their rate"
    refused = limited["connections_refused"]
    assert refused <= EACH // 2, f"{refused} connections refused"
    assert sites["greylist"]["greylisted"] >= EACH


def scenario(scene):
    sink = scene.sink(personas=PERSONAS)
    service = scene.service().unsigned("shop.test")
    for persona, address in sink.addresses.items():
        service.route(f"{persona}.test", address)
    service.configure('[retry]\nladder = ["1s", "1s", "2s", "2s", "4s"]\ngreylist = ["1s", "2s", "4s"]')
    service.start()
    people = [f"r{number}@{persona}.test" for number in range(EACH) for persona in PERSONAS]
    campaign = scene.campaign("habits", [row(number, address) for number, address in enumerate(people)])
    service.run("send", str(campaign.path), "--detach")
    wait_until("every recipient final", lambda: (service.campaign("habits") or {}).get("state") == "done",
               LIMIT_S, 0.1)
    check_balance(service.campaign("habits"))
    assert service.stop()[0] == 0
    ledger = Ledger(read_events(service.data), "habits")
    ledger.check_exactly_once()
    check_outcomes(ledger)
    stats = sink.stop()
    assert stats["duplicates"] == 0, stats
    check_manners(stats)


if __name__ == "__main__":
    run(scenario)
