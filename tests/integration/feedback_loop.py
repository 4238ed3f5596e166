#!/usr/bin/env python3
"""The circle closes: mail is accepted, and bounces, complaints and unsubscriptions come back for it. The
right addresses are suppressed and no others, a storm about us brakes the source, and leavers get nothing."""
import time
from datetime import datetime

from lib.campaign import row
from lib.events import Ledger, read_events
from lib.processes import wait_until
from lib.returns import DOMAIN, FORM, ONE_CLICK, Door, ask, complaint, report, samples, suppressed
from lib.scenario import run
from lib.scrape import Page, fetch

LIMIT_S = 60
STORM = [f"policy{n}" for n in range(40)]
NAMES = ["hard", "soft", "delayed", "away", "complains", "redacted", "leaves", "writes", "button", "domain",
         "inactive", "stays"] + STORM
SLOW = [f"s{n}" for n in range(120)]
LEAVING = SLOW[-10:]
WAITING = [f"w{n}" for n in range(5)]
GONE = {"hard": "invalid-recipient", "domain": "invalid-recipient", "complains": "complaint",
        "redacted": "complaint", "leaves": "unsubscribed", "writes": "unsubscribed", "button": "unsubscribed"}
SHAPING = """
[[controller]]
name = "path-blocked"
above = "10%"
minimum = 20
pause = "1s"
recover_every = "1s"
recover = 1000
"""


def until(what, condition):
    wait_until(what, condition, LIMIT_S, 0.1)


def launch(scene, service, name, people):
    rows = [row(n, address) for n, address in enumerate(people)]
    service.run("send", str(scene.campaign(name, rows).path), "--detach")


def done(service, name):
    until(f"{name} is done", lambda: (service.campaign(name) or {}).get("state") == "done")
    ledger = Ledger(read_events(service.data), name)
    ledger.check_exactly_once()
    return ledger


def give_back(door, mail):
    """What receivers send for the first campaign."""
    def bounce(who, action, status, said, about=None):
        token = mail[who][0]
        door.give(f"{token}@{DOMAIN}", report(token, about or f"{who}@ok.test", action, status, said))
    for _ in range(2):  # the second time it says nothing new
        bounce("hard", "failed", "5.1.1", "550 5.1.1 User unknown")
    bounce("soft", "failed", "5.2.2", "552 5.2.2 Mailbox full")
    bounce("delayed", "delayed", "4.4.1", "Connection timed out")
    bounce("inactive", "failed", "5.2.1", "550 5.2.1 mailbox disabled")
    bounce("domain", "failed", "5.1.2", "550 5.1.2 Host unknown", "elsewhere@gone.test")
    for who in STORM:
        bounce(who, "failed", "5.7.1", "550 5.7.1 Message refused, the policy of this site")
    token = mail["away"][0]
    door.give(f"{token}@{DOMAIN}", "From: away@ok.test\r\nSubject: Out of office\r\n"
              "Auto-Submitted: auto-replied\r\n\r\nI am away.\r\n", "away@ok.test")
    door.give(f"fbl@{DOMAIN}", complaint(mail["complains"][1], "complains@ok.test"))
    door.give(f"fbl@{DOMAIN}", complaint(mail["redacted"][1], None))
    door.give(f"unsubscribe+{mail['writes'][0]}@{DOMAIN}", "Subject: unsubscribe\r\n\r\n\r\n",
              "writes@ok.test")
    door.give(f"unsubscribe+{mail['stays'][0]}@{DOMAIN}", "Subject: Re: unsubscribe\r\n"
              "Auto-Submitted: auto-replied\r\n\r\nI am away.\r\n", "stays@ok.test")


def strangers(door, mail):
    """Nobody is relayed for; a report without our token is taken and believed in nothing; one token comes
    back only so often."""
    token = mail["stays"][0]
    forged = token[:-1] + ("0" if token[-1] != "0" else "1")
    for recipient in (f"{forged}@{DOMAIN}", f"ann@{DOMAIN}", "ann@elsewhere.test",
                      f"unsubscribe+{forged}@{DOMAIN}"):
        assert door.refusal(recipient) == 550, recipient
    door.give(f"fbl@{DOMAIN}", report("x", "stays@ok.test", "failed", "5.1.1", "550 5.1.1 User unknown"))
    codes = [door.refusal(f"{mail['away'][0]}@{DOMAIN}") for _ in range(25)]
    assert codes[0] == 0 and codes[-1] == 450, codes


def unsubscribe(service, mail):
    pages = service.address("public")
    path = f"/u/{mail['leaves'][0]}"
    answer, page = ask(pages, "GET", path, headers={"Accept-Language": "de-AT"})
    assert answer.status == 200 and 'lang="de"' in page and "Abmelden" in page and "<button" in page, page
    assert ask(pages, "HEAD", path)[0].status == 200
    assert ask(pages, "POST", path, "nothing=1")[0].status == 400
    assert ask(pages, "GET", path[:-1] + "~")[0].status == 404
    assert ask(pages, "GET", "/v1/status")[0].status == 404, "nothing of control is reached here"
    assert not [e for e in read_events(service.data) if e["event"] == "unsubscribed" and
                e["recipient"].startswith("leaves")]
    answer, _ = ask(pages, "POST", path, ONE_CLICK, FORM)
    assert answer.status == 200 and not answer.getheader("Set-Cookie") and not answer.getheader("Location")
    answer, page = ask(pages, "POST", f"/u/{mail['button'][0]}", "scope=all", FORM)
    assert answer.status == 200 and "You are unsubscribed" in page, page


def check_events(service):
    after = [event for event in read_events(service.data)
             if event["event"] in ("returned", "complaint", "unsubscribed")]
    told = {event["recipient"].split("@")[0]: event for event in after}
    assert len(after) == len(told) == len(NAMES) - 3, (len(after), sorted(told))
    assert told["soft"]["class"] == "mailbox-full" and told["soft"]["detail"] == "soft", told["soft"]
    assert told["hard"]["detail"] == "hard" and told["hard"]["campaign"] == "first", told["hard"]
    assert told["hard"]["site"] and told["hard"]["source"] == "a", told["hard"]
    assert not {"delayed", "away", "stays"} & set(told), sorted(told)


def check_metrics(service):
    until("the metrics have moved", lambda: Page(fetch(service.address("http"))).sum(
        "sluice_unsubscribes_total") == 3)
    page = Page(fetch(service.address("http")))
    assert page.sum("sluice_complaints_total") == 2
    assert page.sum("sluice_returned_total") == 4 + len(STORM)
    assert page.sum("sluice_returned_total", **{"class": "policy"}) == len(STORM)
    got = {what: page.sum("sluice_inbound_total", result=what)
           for what in ("returned", "complaint", "unsubscribed", "repeated", "delayed", "refused", "limited")}
    assert got.pop("refused") >= 4 and got.pop("limited") >= 1, got
    assert got == {"returned": 4 + len(STORM), "complaint": 2, "unsubscribed": 3, "repeated": 1,
                   "delayed": 1}, got


def seconds_of(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def leave_while_it_is_sent(scene, service, sink, mail):
    """After the answer no attempt begins more than a second later; mail that was put off ends at once."""
    until("what waits was tried",
          lambda: len(Ledger(read_events(service.data), "waits").deferrals) == len(WAITING))
    launch(scene, service, "third", [f"{who}@slow.test" for who in SLOW])
    until("some are sent", lambda: (service.campaign("third") or {"delivered": 0})["delivered"] > 5)
    answered = {}
    for who in LEAVING + WAITING[:2]:
        answer, _ = ask(service.address("public"), "POST", f"/u/{mail[who][0]}", ONE_CLICK, FORM)
        answered[who] = time.time()
        assert answer.status == 200, (who, answer.status)

    def finals(name):
        ledger = Ledger(read_events(service.data), name)
        return {event["recipient"].split("@")[0]: event for event in ledger.finals.values()}
    until("who waited has a final", lambda: len(finals("waits")) == 2)
    swept = {who: (event["event"], event["reason"]) for who, event in finals("waits").items()}
    assert swept == {who: ("suppressed", "unsubscribed") for who in WAITING[:2]}, swept
    done(service, "third")
    ended = finals("third")
    late = [event for who, event in ended.items() if who in LEAVING and event["event"] == "delivered"]
    assert all(seconds_of(event["time"]) < answered[event["recipient"].split("@")[0]] + 1 for event in late)
    assert sum(ended[who]["event"] == "suppressed" for who in LEAVING) > 2, "too fast to tell anything"
    sink.stop()
    for arrived, recipient, _ in sink.arrivals():
        who = recipient.split("@")[0]
        assert who not in answered or arrived < answered[who] + 1, (who, arrived, answered[who])


def make_service(scene, sink, waiting_sink):
    service = scene.service().unsigned("shop.test").route("*", sink.address)
    service.route("wait.test", waiting_sink.address)
    rules = service.folder / "shaping.toml"
    rules.write_text(SHAPING)
    return service.configure(f'''[retry]
ladder = ["1h"]
[shaping]
rules_file = "{rules}"
[http]
listen = "127.0.0.1:0"
[bounce]
domain = "{DOMAIN}"
listen = "127.0.0.1:0"
[public]
listen = "127.0.0.1:0"
url = "https://mail.shop.test"
[[policy]]
match = {{ domain = "slow.test" }}
message_rate = "30/s burst 1"''').start()


def scenario(scene):
    sink = scene.sink(sample_every=1)
    waiting_sink = scene.sink("waiting", sample_every=1)
    service = make_service(scene, sink, waiting_sink)
    launch(scene, service, "first", [f"{who}@ok.test" for who in NAMES] +
           [f"{who}@slow.test" for who in SLOW] + [f"{who}@wait.test" for who in WAITING])
    first = done(service, "first")
    assert all(event["event"] == "delivered" for event in first.finals.values())
    mail = {**samples(sink), **samples(waiting_sink)}
    assert sorted(mail) == sorted(NAMES + SLOW + WAITING), sorted(mail)
    for token, text in mail.values():
        assert f"Message-ID: <{token}@" in text and f"mailto:unsubscribe+{token}@{DOMAIN}" in text, text
        assert f"https://mail.shop.test/u/{token}" in text and "List-Unsubscribe-Post:" in text, text
    waiting_sink.stop()  # from now on its mail is put off
    launch(scene, service, "waits", [f"{who}@wait.test" for who in WAITING])
    door = Door(service.address("bounce"))
    give_back(door, mail)
    strangers(door, mail)
    unsubscribe(service, mail)
    until("the feed has it all", lambda: suppressed(service) == GONE or len(suppressed(service)) > len(GONE))
    until("the storm brakes the source", lambda: "controller path-blocked" in service.child.log(200_000))
    check_metrics(service)
    service.kill()  # what was answered survives
    service.start()
    assert suppressed(service) == GONE, suppressed(service)
    check_events(service)
    launch(scene, service, "second", [f"{who}@ok.test" for who in NAMES])
    second = done(service, "second")
    skipped = {event["recipient"].split("@")[0] for event in second.finals.values()
               if event["event"] == "suppressed"}
    assert skipped == set(GONE), skipped
    assert len(second.finals) == len(NAMES)
    leave_while_it_is_sent(scene, service, sink, mail)


if __name__ == "__main__":
    run(scenario)
