#!/usr/bin/env python3
"""Nobody who is suppressed gets mail: at expansion, at the SMTP door, between attempts, after a bounce."""
import json
import smtplib
import time

from lib.campaign import row
from lib.events import Ledger, check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

EACH = 60
LIMIT_S = 60
LIST = "news.shop.test"


def until(what, condition):
    wait_until(what, condition, LIMIT_S, 0.1)


def asked(service, *arguments, code=0):
    done = service.run(*arguments, "--json", check=False)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout else None


def suppress(service, *arguments):
    assert asked(service, "suppress", "add", *arguments)["added"] == 1, arguments


def send(scene, service, name, people, state="done"):
    campaign = scene.campaign(name, [row(number, address) for number, address in enumerate(people)])
    service.run("send", str(campaign.path), "--detach")
    if state:
        until(f"{name} is {state}", lambda: (service.campaign(name) or {}).get("state") == state)
    return name


def reasons(service, name):
    ledger = Ledger(read_events(service.data), name)
    if service.campaign(name)["state"] == "done":
        ledger.check_exactly_once()
    return {event["recipient"]: event["reason"] for event in ledger.finals.values()
            if event["event"] == "suppressed"}


def at_expansion(scene, service):
    """Each scope, a domain, a duplicate; what is suppressed for others is not."""
    suppress(service, "Global@ok.test")
    suppress(service, "tenant@ok.test", "--tenant", "default", "--reason", "complaint")
    suppress(service, "list@ok.test", "--list", LIST)
    suppress(service, "gone@ok.test", "--reason", "unsubscribed")
    suppress(service, "@dead.test", "--tenant", "default")
    suppress(service, "other-list@ok.test", "--list", "offers.shop.test")
    suppress(service, "other-tenant@ok.test", "--tenant", "elsewhere")
    people = ["global@ok.test", "TENANT@OK.test", "list@ok.test", "gone@ok.test", "any@dead.test",
              "other-list@ok.test", "other-tenant@ok.test", "plain@ok.test", "plain@ok.test"]
    send(scene, service, "scopes", people)
    assert reasons(service, "scopes") == {
        "global@ok.test": "global", "TENANT@ok.test": "tenant", "list@ok.test": "list",
        "gone@ok.test": "unsubscribed", "any@dead.test": "tenant", "plain@ok.test": "duplicate"}
    counts = service.campaign("scopes")
    check_balance(counts)
    assert (counts["delivered"], counts["suppressed"]) == (3, 6), counts
    report = json.loads((service.spool / "done" / "scopes" / "report.json").read_text())
    assert report["suppressed_by"] == {"global": 1, "tenant": 2, "list": 1, "unsubscribed": 1, "duplicate": 1}


def at_the_door(service, door):
    """The transaction is accepted; who only unsubscribed gets the receipt."""
    host, _, port = door.rpartition(":")
    people = ["global@ok.test", "gone@ok.test", "list@ok.test", "tenant@ok.test", "receipt@ok.test"]
    text = b"From: Shop <orders@shop.test>\r\nTo: you@ok.test\r\nSubject: Order\r\n\r\nThank you.\r\n"
    with smtplib.SMTP(host, int(port), timeout=LIMIT_S) as client:
        client.sendmail("orders@shop.test", people, text)

    def ended():
        return {event["recipient"]: event for event in read_events(service.data)
                if event.get("flow") and event["event"] in ("delivered", "suppressed")}
    until("all have their final", lambda: len(ended()) == len(people))
    stopped = {who: event["reason"] for who, event in ended().items() if event["event"] == "suppressed"}
    assert stopped == {"global@ok.test": "global", "tenant@ok.test": "tenant"}, stopped


def while_it_waits(scene, service):
    """Deferred mail: the sweep ends it; ready mail that is held back: no attempt begins afterwards."""
    people = [f"r{number}@grey.test" for number in range(EACH)]
    send(scene, service, "waits", people, state=None)
    until("all put off", lambda: (service.campaign("waits") or {"deferred": 0})["deferred"] == EACH)
    suppress(service, "R7@grey.test", "--reason", "unsubscribed")
    until("it has its final", lambda: service.campaign("waits")["suppressed"] == 1)
    until("its event is there", lambda: reasons(service, "waits") == {"r7@grey.test": "unsubscribed"})
    suppress(service, "@grey.test")
    until("the rest too", lambda: service.campaign("waits")["state"] == "done")
    assert service.campaign("waits")["suppressed"] == EACH


def while_it_is_sent(scene, service):
    """After the answer nothing begins any more, though a campaign is running at 20 a second."""
    people = [f"s{number}@slow.test" for number in range(200)]
    send(scene, service, "runs", people, state=None)
    until("some are sent", lambda: (service.campaign("runs") or {"delivered": 0})["delivered"] > 5)
    for number in range(190, 200):
        suppress(service, f"s{number}@slow.test", "--list", LIST)
    answered = time.time()
    until("done", lambda: service.campaign("runs")["state"] == "done")
    ledger = Ledger(read_events(service.data), "runs")
    ledger.check_exactly_once()
    late = [event for event in ledger.finals.values() if int(event["recipient"][1:].split("@")[0]) >= 190]
    assert len(late) == 10
    sent = [event for event in late if event["event"] == "delivered"]
    assert all(seconds_of(event["time"]) < answered + 1 for event in sent), sent
    assert sum(event["event"] == "suppressed" for event in late) > 2, "too fast to tell anything"


def seconds_of(text):
    from datetime import datetime
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def after_a_bounce(scene, service):
    """A hard bounce suppresses its address for its tenant, a block of ours nobody; it is skipped then."""
    people = ["say-550-5.1.1@script.test", "say-550-5.7.1@script.test", "fine@script.test"]
    send(scene, service, "bounces", people)
    until("the feed has it",
          lambda: asked(service, "suppress", "list", "--domain", "script.test")["suppressions"])
    service.kill()
    service.start()
    found = asked(service, "suppress", "list", "--domain", "script.test")["suppressions"]
    assert [one["subject"] for one in found] == [people[0]], found
    assert found[0]["entries"][0]["reason"] == "invalid-recipient", found
    send(scene, service, "again", people)
    assert reasons(service, "again") == {people[0]: "tenant"}


def undone(service):
    asked(service, "suppress", "check", "global@ok.test", code=1)
    asked(service, "suppress", "remove", "global@ok.test", "--why", "asked by phone", "--by", "eve")
    asked(service, "suppress", "check", "global@ok.test")
    asked(service, "suppress", "remove", "global@ok.test", "--why", "again", code=65)
    newest = asked(service, "suppress", "audit", "--limit", "1")["lines"][0]
    assert (newest["action"], newest["subject"], newest["by"], newest["why"]) == (
        "remove", "global@ok.test", "eve", "asked by phone"), newest
    service.stop()
    offline = asked(service, "suppress", "check", "tenant@ok.test", code=1)
    assert offline["stopped"] == "tenant", offline
    assert asked(service, "suppress", "add", "x@ok.test", code=69) is None
    assert asked(service, "store", "check") is not None


def scenario(scene):
    sink = scene.sink(personas=["plain", "greylist", "scripted"])
    service = scene.service().unsigned("shop.test").route("*", sink.addresses["plain"])
    service.route("grey.test", sink.addresses["greylist"]).route("script.test", sink.addresses["scripted"])
    service.configure('''[retry]
ladder = ["1h"]
greylist = ["1h"]
[[policy]]
match = { domain = "slow.test" }
message_rate = "20/s burst 1"
[[listener]]
listen = "127.0.0.1:0"
trusted_networks = ["127.0.0.0/8"]''')
    service.start()
    said = service.child.line_that(lambda line: line.strip().startswith("smtp="))
    door = said.strip().removeprefix("smtp=")
    at_expansion(scene, service)
    at_the_door(service, door)
    while_it_waits(scene, service)
    while_it_is_sent(scene, service)
    after_a_bounce(scene, service)
    undone(service)
    received = {recipient for _, recipient, _ in (sink.stop(), sink.deliveries())[1]}
    assert not received & {"global@ok.test", "tenant@ok.test", "any@dead.test"}, received


if __name__ == "__main__":
    run(scenario)
