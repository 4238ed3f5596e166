#!/usr/bin/env python3
"""Sources: a warm-up's quota holds over kill -9, and suspended sources keep their mail until resumed."""
import json

from lib.campaign import addresses, row
from lib.events import check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

RECIPIENTS = 600
QUOTA = 40
DOMAINS = [f"d{number}.test" for number in range(10)]
LIMIT_S = 90
SOURCES = f"""[retry]
in_doubt_delay = "1s"
[[source]]
name = "b"
address = "127.0.0.2"
ehlo = "mta-b.shop.test"
warmup = "{QUOTA}, 1k"
[[pool]]
name = "both"
sources = ["a", "b"]
weights = [1, 3]
"""


def rows(first, count):
    return [row(first + number, address)
            for number, address in enumerate(addresses(count, DOMAINS))]


def state(service, name):
    return (service.campaign(name) or {}).get("state")


def done(service, name):
    wait_until(f"{name} is done", lambda: state(service, name) == "done", LIMIT_S, 0.1)
    shown = service.campaign(name)
    check_balance(shown)
    return shown


def sent_by(data, source):
    """Attempts the receiver may have seen."""
    return sum(1 for event in read_events(data)
               if event.get("source") == source and event["event"] in ("delivered", "in_doubt", "deferred"))


def warms_up(scene, service):
    campaign = scene.campaign("warm", rows(0, RECIPIENTS), {"pool": '"both"'})
    service.run("send", str(campaign.path), "--detach")
    wait_until("some are delivered", lambda: (service.campaign("warm") or {}).get("delivered", 0) > 20,
               LIMIT_S, 0.01)
    service.kill()
    service.start()
    shown = done(service, "warm")
    assert shown["delivered"] == RECIPIENTS, shown
    by_b = sent_by(service.data, "b")
    assert 0 < by_b <= QUOTA, f"{by_b} by the source that may send {QUOTA} today"
    ledger = json.loads(service.run("source", "warmup", "--json").stdout)["warmups"]
    other = next(one for one in ledger if one["provider"] == "other")
    assert (other["source"], other["quota"], other["step"], other["warm"]) == ("b", QUOTA, 1, False), other
    assert by_b <= other["used"] <= QUOTA, (by_b, other)


def waits_while_suspended(scene, service):
    service.run("source", "suspend", "a", "--cause", "listed")
    service.run("source", "suspend", "b")
    campaign = scene.campaign("parked", rows(10_000, 50), {"pool": '"both"'})
    service.run("send", str(campaign.path), "--detach")
    wait_until("it is named what they wait for",
               lambda: "suspended" in service.run("queue", "summary", "--by", "site").stdout, LIMIT_S, 0.1)
    service.kill()
    service.start()
    wait_until("so it is after a restart",
               lambda: "suspended" in service.run("queue", "summary", "--by", "site").stdout, LIMIT_S, 0.1)
    shown = service.campaign("parked")
    assert shown["delivered"] == 0 and shown["deferred"] == 0 and shown["queued"] == 50, shown
    listed = json.loads(service.run("source", "list", "--json").stdout)["sources"]
    causes = {one["name"]: one["suspended"][0]["cause"] for one in listed}
    assert causes == {"a": "listed", "b": ""}, listed
    service.run("source", "resume", "a")
    assert done(service, "parked")["delivered"] == 50
    told = [(event["source"], event["class"]) for event in read_events(service.data)
            if event["event"] == "suspended"]
    assert told == [("a", "suspended"), ("b", "suspended"), ("a", "resumed")], told


def refuses_slips(service):
    for words in (("suspend", "nobody"), ("resume", "a"), ("suspend", "a", "--for", "soon"),
                  ("suspend", "a", "--provider", "gogle"), ("suspend",)):
        answer = service.run("source", *words, check=False)
        assert answer.returncode != 0 and answer.stderr.strip(), (words, answer)


def scenario(scene):
    sink = scene.sink()
    service = scene.service(connections=4).unsigned("shop.test").route("*", sink.address).configure(SOURCES)
    service.start()
    warms_up(scene, service)
    waits_while_suspended(scene, service)
    refuses_slips(service)
    service.stop()
    most = sink.stop()["sites"][0]["most_open"]
    assert most <= 3 * 4, f"{most} connections; 4 for each source and pool"


if __name__ == "__main__":
    run(scenario)
