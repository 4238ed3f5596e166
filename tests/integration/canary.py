#!/usr/bin/env python3
"""A canary holds a campaign whose first recipients bounce, with a reason; resumed, it goes on without one.
A campaign whose canary lives is sent whole."""
from lib.campaign import row
from lib.events import Ledger, check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

RECIPIENTS = 600
SIZE = 50
LIMIT_S = 60


def rows(domain):
    return [row(number, f"r{number}@{domain}") for number in range(RECIPIENTS)]


def with_canary(campaign):
    toml = campaign.path / "campaign.toml"
    toml.write_text(toml.read_text() + f'\n[canary]\nsize = {SIZE}\nmax_bounced = "2%"\nwait = "20s"\n')
    return campaign


def state(service, campaign_id):
    return (service.campaign(campaign_id) or {}).get("state")


def scenario(scene):
    sink = scene.sink(personas=["bounce", "plain"])
    service = scene.service().unsigned("shop.test")
    service.route("bad.test", sink.addresses["bounce"]).route("good.test", sink.addresses["plain"]).start()
    good = with_canary(scene.campaign("good", rows("good.test")))
    bad = with_canary(scene.campaign("bad", rows("bad.test")))
    service.run("send", str(good.path), "--detach")
    service.run("send", str(bad.path), "--detach")
    wait_until("the good campaign is done", lambda: state(service, "good") == "done", LIMIT_S, 0.1)
    wait_until("the bad campaign is held", lambda: state(service, "bad") == "paused", LIMIT_S, 0.1)
    held = service.campaign("bad")
    assert "canary" in held["reason"] and "bounced" in held["reason"], held
    assert held["delivered"] + held["bounced"] <= SIZE, held
    assert "canary" in service.run("campaign", "show", "bad").stdout
    service.run("campaign", "resume", "bad")
    wait_until("the bad campaign is done", lambda: state(service, "bad") == "done", LIMIT_S, 0.1)
    check_balance(service.campaign("bad"))
    assert service.stop()[0] == 0
    for campaign in ("good", "bad"):
        ledger = Ledger(read_events(service.data), campaign)
        ledger.check_exactly_once()
        assert ledger.injected == RECIPIENTS


if __name__ == "__main__":
    run(scenario)
