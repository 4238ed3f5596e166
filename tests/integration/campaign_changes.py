#!/usr/bin/env python3
"""A running campaign gets another pool and priority; a finished one is tried again for those who bounced."""
import json

from lib.campaign import row
from lib.events import Ledger, check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

EACH = 200
LIMIT_S = 60
RETRY_ALL = "\n[suppression]\nfrom_bounces = false\n"  # or nobody is left to be tried again
SECOND_SOURCE = """[[source]]
name = "b"
address = "127.0.0.2"
ehlo = "mta-b.shop.test"
[[pool]]
name = "second"
sources = ["b"]"""


def state_of(service, campaign):
    return (service.campaign(campaign) or {}).get("state")


def reroute(service):
    """Held, re-routed and released: all of it leaves by the other source."""
    service.run("campaign", "route", "moved", "--pool", "second")
    assert service.run("campaign", "route", "moved", "--pool", "none", check=False).returncode == 65
    service.run("campaign", "priority", "moved", "2")
    assert service.run("campaign", "priority", "moved", "0", check=False).returncode == 64
    shown = service.campaign("moved")
    assert (shown["priority"], shown["pool"]) == (2, "second"), shown
    assert service.stop()[0] == 0
    service.start()
    shown = service.campaign("moved")
    assert (shown["priority"], shown["pool"], shown["state"]) == (2, "second", "paused"), shown
    service.run("campaign", "resume", "moved")
    wait_until("it is delivered", lambda: state_of(service, "moved") == "done", LIMIT_S, 0.05)


def reroute_under_way(service):
    """Lanes in the workers' hands change their pool too; everybody is sent to once."""
    wait_until("it is on its way", lambda: (service.campaign("live") or {"delivered": 0})["delivered"] > 20,
               LIMIT_S)
    service.run("campaign", "priority", "live", "9")
    service.run("campaign", "route", "live", "--pool", "second")
    wait_until("it is delivered", lambda: state_of(service, "live") == "done", LIMIT_S, 0.05)


def retry(service):
    """Those who bounced, and nobody else, are in the new campaign; again gets another number."""
    bounced = service.campaign("first")["bounced"]
    assert 0 < bounced < EACH, bounced
    wrong = service.run("campaign", "retry", "first", "--class", "mailbox-full", check=False)
    assert wrong.returncode == 65 and "invalid-recipient" in wrong.stderr, wrong
    for number in (1, 2):
        done = service.run("campaign", "retry", "first", "--class", "invalid-recipient", "--json")
        made = json.loads(done.stdout)
        assert made == {"id": f"first-retry-{number}", "recipients": bounced}, made
        wait_until("the retry is done", lambda: state_of(service, made["id"]) == "done", LIMIT_S, 0.05)
        again = service.campaign(made["id"])
        check_balance(again)
        assert again["injected"] == bounced, again


def scenario(scene):
    sink = scene.sink(personas=["plain", "bounce"])
    service = scene.service().unsigned("shop.test").configure(SECOND_SOURCE + RETRY_ALL)
    service.route("bounce.test", sink.addresses["bounce"]).route("*", sink.addresses["plain"]).start()
    service.run("queue", "hold", "--domain", "moved.test")
    moved = scene.campaign("moved", [row(number, f"m{number}@moved.test") for number in range(EACH)])
    first = scene.campaign("first", [row(number, f"b{number}@bounce.test") for number in range(EACH)])
    live = scene.campaign("live", [row(number, f"l{number}@live{number % 4}.test") for number in range(EACH)],
                          {"rate": '"60/s"'})
    for campaign in (moved, first, live):
        service.run("send", str(campaign.path), "--detach")
    wait_until("it is expanded", lambda: (service.campaign("moved") or {}).get("injected") == EACH, LIMIT_S)
    reroute_under_way(service)
    early = service.run("campaign", "retry", "moved", "--class", "expired", check=False)
    assert early.returncode == 65, "a running campaign was tried again"
    service.run("campaign", "pause", "moved")
    service.run("queue", "release", "--domain", "moved.test")
    reroute(service)
    wait_until("the other is done", lambda: state_of(service, "first") == "done", LIMIT_S, 0.05)
    retry(service)
    service.stop()

    sink.stop()
    events = read_events(service.data)
    moved = Ledger(events, "moved")
    moved.check_exactly_once()
    assert {event["source"] for event in moved.finals.values()} == {"b"}, "some left by the old pool"
    live = Ledger(events, "live")
    live.check_exactly_once()
    sources = [event["source"] for event in live.finals.values()]
    assert sources[0] == "a" and sources[-1] == "b", sources
    assert sources.count("b") > EACH // 4, f"only {sources.count('b')} left by the new pool"
    first = Ledger(events, "first")
    failed = {event["recipient"] for event in first.finals.values() if event["event"] == "bounced"}
    for number in (1, 2):
        again = Ledger(events, f"first-retry-{number}")
        again.check_exactly_once()
        assert {event["recipient"] for event in again.finals.values()} == failed
        metas = {event["meta"]["contact_id"] for event in again.finals.values()}
        assert all(f"b{contact}@bounce.test" in failed for contact in metas), "rows and people were mixed up"


if __name__ == "__main__":
    run(scenario)
