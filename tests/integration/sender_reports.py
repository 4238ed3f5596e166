#!/usr/bin/env python3
"""Reports to senders (RFC 3461, 3464): what an SMTP client submits and a receiver refuses comes back to it,
once, also when ours is killed in between; NOTIFY, RET, ENVID and ORCPT are honoured and passed on."""
import collections
import email
import email.policy
import json
import smtplib

from lib.dsn_receiver import DsnReceiver
from lib.events import read_events
from lib.processes import wait_until
from lib.scenario import run
from lib.scrape import Page, fetch
from lib.submitter import smtp_address

LIMIT_S = 60
SENDER = "orders@home.test"
BODY = "Thank you for your order.\r\n"
FAILURES = 40


def until(what, condition):
    return wait_until(what, condition, LIMIT_S, 0.1)


def text_of(subject, size=0):
    return (f"From: Shop <orders@shop.test>\r\nTo: you@x.test\r\nSubject: {subject}\r\n\r\n{BODY}"
            + "x" * 70 * (size > 0) + ("\r\n" + "y" * 70) * (size // 72) + "\r\n").encode()


def submit(at, recipients, subject, sender=SENDER, mail=(), rcpt=(), size=0):
    with smtplib.SMTP(*at, timeout=LIMIT_S) as client:
        client.ehlo("client.test")
        assert client.has_extn("dsn")
        assert client.mail(sender, mail)[0] == 250
        for one in recipients:
            code, text = client.rcpt(one, rcpt)
            assert code == 250, (code, text)
        code, text = client.data(text_of(subject, size))
        assert code == 250, (code, text)


class Mailbox:
    """What the sender's own mailbox has got, by the recipient a report is about."""

    def __init__(self, service, sink):
        self.service = service
        self.sink = sink

    def reports(self):
        out = collections.defaultdict(list)
        for file in sorted(self.sink.samples.glob("*.eml")):
            raw = file.read_bytes()
            message = email.message_from_bytes(raw, policy=email.policy.default)
            if message.get_content_type() != "multipart/report":
                continue
            assert not message.defects and not any(part.defects for part in message.walk()), raw
            out[status_of(message)["Final-Recipient"].partition(";")[2].strip()].append((message, file))
        return out

    def wait_for(self, recipient):
        found = until(f"a report about {recipient}", lambda: self.reports().get(recipient))
        assert len(found) == 1, f"{len(found)} reports about {recipient}"
        return found[0]


def status_of(message):
    """The fields about the one recipient, those about the message among them."""
    about_message, about_recipient = list(message.iter_parts())[1].get_payload()
    return dict(about_message.items()) | dict(about_recipient.items())


def finals(service, kind):
    return [event for event in read_events(service.data) if event["event"] == kind]


def a_refusal_comes_back(service, door, mailbox):
    gone = "say-550-5.1.1@script.test"
    submit(door, [gone, "fine@ok.test"], "refused", mail=["RET=HDRS", "ENVID=order+2B7"],
           rcpt=["ORCPT=rfc822;first+2Balias@ok.test"])
    message, file = mailbox.wait_for(gone)
    assert message["Return-Path"] in ("<>", None, ""), message["Return-Path"]
    assert SENDER in message["To"] and message["Auto-Submitted"] == "auto-replied"
    assert message.get_param("report-type") == "delivery-status"
    status = status_of(message)
    assert status["Action"] == "failed" and status["Status"] == "5.1.1", status
    assert status["Original-Envelope-Id"] == "order+7", status
    assert status["Original-Recipient"] == "rfc822; first+alias@ok.test", status
    assert status["Diagnostic-Code"].startswith("smtp; 550 5.1.1"), status
    text, _, returned = message.iter_parts()
    assert gone in text.get_content()
    assert returned.get_content_type() == "text/rfc822-headers"
    assert "Subject: refused" in returned.get_payload() and BODY.strip() not in returned.get_payload()
    ours = json.loads(service.run("feedback", str(file), "--json").stdout)
    assert ours["recipient"] == gone and ours["class"] == "hard", ours


def returns_what_was_asked(door, mailbox):
    submit(door, ["say-550-5.7.1@script.test"], "whole", mail=["RET=FULL"])
    whole = list(mailbox.wait_for("say-550-5.7.1@script.test")[0].iter_parts())[2]
    assert whole.get_content_type() == "message/rfc822"
    assert whole.get_payload(0)["Subject"] == "whole" and BODY.strip() in whole.get_payload(0).get_content()
    submit(door, ["say-554-5.6.0@script.test"], "large", mail=["RET=FULL"], size=100_000)
    header = list(mailbox.wait_for("say-554-5.6.0@script.test")[0].iter_parts())[2]
    assert header.get_content_type() == "text/rfc822-headers", "larger than full_size"


def honours_notify(service, door, mailbox):
    submit(door, ["say-551-5.1.6@script.test"], "never", rcpt=["NOTIFY=NEVER"])
    submit(door, ["say-551-5.1.1@script.test"], "success only", rcpt=["NOTIFY=SUCCESS"])
    submit(door, ["say-553-5.1.3@script.test"], "null sender", sender="")
    submit(door, ["glad@plain.test"], "relayed", rcpt=["NOTIFY=SUCCESS"])
    submit(door, ["plain@ok.test"], "not asked")
    submit(door, ["say-451-4.3.0@script.test"], "late", rcpt=["NOTIFY=DELAY,FAILURE"])
    submit(door, ["say-451-4.2.0@script.test"], "late, not asked")
    assert status_of(mailbox.wait_for("glad@plain.test")[0])["Action"] == "relayed"
    late, _ = mailbox.wait_for("say-451-4.3.0@script.test")
    assert status_of(late)["Action"] == "delayed" and "Will-Retry-Until" in status_of(late)
    until("tried again", lambda: sum(event["recipient"] == "say-451-4.3.0@script.test"
                                     for event in finals(service, "deferred")) > 4)
    found = mailbox.reports()
    for quiet in ("say-551-5.1.6@script.test", "say-551-5.1.1@script.test", "say-553-5.1.3@script.test",
                  "plain@ok.test", "say-451-4.2.0@script.test"):
        assert quiet not in found, quiet
    assert len(found["say-451-4.3.0@script.test"]) == 1, "told once"


def passes_requests_on(door, mailbox, receiver):
    submit(door, ["far@dsn.test"], "passed on", mail=["RET=HDRS", "ENVID=e1"],
           rcpt=["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;far@dsn.test"])
    until("it arrived", lambda: receiver.messages)
    assert receiver.commands[0].endswith(" RET=HDRS ENVID=e1"), receiver.commands
    assert receiver.commands[1] == "RCPT TO:<far@dsn.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;far@dsn.test"


def is_owed_across_kills(scene, service, mailbox):
    """Each refusal is reported once, though we are killed while they come in."""
    people = [f"say-550-5.2.{number}@script.test" for number in range(FAILURES)]
    door = smtp_address(service)
    for number, one in enumerate(people):
        submit(door, [one], f"kill {number}", size=8000 * (number % 2))
        if number % 10 == 9:
            service.kill()
            service.start()
            door = smtp_address(service)
    until("all are reported", lambda: set(people) <= set(mailbox.reports()))
    for one in people:
        found = mailbox.reports()[one]
        ids = {message["Message-ID"] for message, _ in found}
        assert len(ids) == 1, f"{len(ids)} reports about {one}"


def campaigns_are_left_alone(scene, service, mailbox):
    from lib.campaign import row
    campaign = scene.campaign("bulk", [row(1, "say-550-5.1.2@script.test")])
    service.run("send", str(campaign.path), "--detach")
    until("done", lambda: (service.campaign("bulk") or {}).get("state") == "done")
    assert "say-550-5.1.2@script.test" not in mailbox.reports()


def scenario(scene):
    sink = scene.sink(personas=("plain", "scripted"), sample_every=1)
    receiver, without = DsnReceiver(), DsnReceiver(offers=False)
    for one in (receiver, without):
        scene.ends_with(one.stop)
    service = scene.service().unsigned("shop.test")
    service.route("script.test", sink.addresses["scripted"]).route("dsn.test", receiver.address)
    service.route("plain.test", without.address)
    service.route("ok.test", sink.addresses["plain"]).route("home.test", sink.addresses["plain"])
    service.configure('[[listener]]\nlisten = "127.0.0.1:0"\ntrusted_networks = ["127.0.0.0/8"]\n'
                      '[dsn]\ndelay = "1s"\n[suppression]\nfrom_bounces = false\n'
                      '[retry]\nladder = ["1s"]\njitter = 0\nin_doubt_delay = "1s"\n'
                      '[delivery]\nehlo = "mta.shop.test"\n[http]\nlisten = "127.0.0.1:0"')
    service.start()
    pages = service.address("http")
    door = smtp_address(service)
    mailbox = Mailbox(service, sink)
    a_refusal_comes_back(service, door, mailbox)
    returns_what_was_asked(door, mailbox)
    honours_notify(service, door, mailbox)
    passes_requests_on(door, mailbox, receiver)
    campaigns_are_left_alone(scene, service, mailbox)
    page = Page(fetch(pages))
    for kind in ("failed", "delayed", "relayed"):
        assert page.sum("sluice_reports_total", result=kind) > 0, kind
    service.kill()
    service.start()
    is_owed_across_kills(scene, service, mailbox)
    assert "far@dsn.test" not in mailbox.reports(), "that report is the next server's to make"
    assert service.stop()[0] == 0
    check = json.loads(service.run("store", "check", "--json", check=False).stdout.splitlines()[-1])
    assert not any(row["wrong"] for row in check.get("rows", [])), check


if __name__ == "__main__":
    run(scenario)
