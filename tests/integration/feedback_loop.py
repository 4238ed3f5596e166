#!/usr/bin/env python3
"""The circle closes: mail is accepted, and bounces, complaints and unsubscriptions come back for it."""
import http.client
import json
import re
import smtplib

from lib.campaign import row
from lib.events import Ledger, read_events
from lib.processes import wait_until
from lib.scenario import run

LIMIT_S = 60
DOMAIN = "bounces.shop.test"
NAMES = ["hard", "soft", "delayed", "away", "complains", "redacted", "leaves", "writes", "button", "domain",
         "inactive", "stays"] + [f"policy{n}" for n in range(20)]


def until(what, condition):
    wait_until(what, condition, LIMIT_S, 0.1)


def send(scene, service, name):
    people = [row(n, f"{who}@ok.test") for n, who in enumerate(NAMES)]
    service.run("send", str(scene.campaign(name, people).path), "--detach")
    until(f"{name} is done", lambda: (service.campaign(name) or {}).get("state") == "done")
    return Ledger(read_events(service.data), name)


def samples(sink):
    """Return path token and header by recipient, as the receiver got them."""
    found = {}
    for file in sink.samples.rglob("*"):
        text = file.read_text(errors="replace") if file.is_file() else ""
        token = re.search(r"^X-Return-Token: (\S+)", text, re.M)
        to = re.search(r"^To:.*?<([^>]+)>", text, re.M)
        if token and to:
            found[to[1].split("@")[0]] = (token[1], text[text.index("From:"):])
    return found


def report(token, who, action, status, said):
    return (f"From: MAILER-DAEMON@ok.test\r\nTo: {token}@{DOMAIN}\r\nSubject: Delivery Status\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
            "\r\n--b\r\nContent-Type: text/plain\r\n\r\nAbout your mail.\r\n"
            "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.ok.test\r\n\r\n"
            f"Final-Recipient: rfc822; {who}\r\nAction: {action}\r\nStatus: {status}\r\n"
            f"Diagnostic-Code: smtp; {said}\r\n\r\n--b--\r\n")


def complaint(header, who):
    redacted = f"Original-Rcpt-To: <{who}>\r\n" if who else ""
    if not who:
        header = re.sub(r"(?im)^to:.*\r?\n", "", header)
    return ("From: fbl@provider.test\r\nTo: fbl@bounces.shop.test\r\n"
            "Subject: complaint\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
            "--b\r\nContent-Type: text/plain\r\n\r\nAn abuse report.\r\n"
            "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: X/1\r\n"
            f"Version: 1\r\n{redacted}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{header}\r\n--b--\r\n")


class Door:
    def __init__(self, address):
        self.host, _, self.port = address.rpartition(":")

    def give(self, recipient, text, sender=""):
        with smtplib.SMTP(self.host, int(self.port), timeout=LIMIT_S) as client:
            client.sendmail(sender, [recipient], text.replace("\r\n", "\n").replace("\n", "\r\n").encode())

    def refuses(self, recipient):
        try:
            self.give(recipient, "Subject: x\r\n\r\nx\r\n")
        except smtplib.SMTPRecipientsRefused as refused:
            return [code for code, _ in refused.recipients.values()] == [550]
        return False


def ask(address, method, path, body=None, headers=()):
    host, _, port = address.rpartition(":")
    client = http.client.HTTPConnection(host, int(port), timeout=LIMIT_S)
    client.request(method, path, body, dict(headers))
    answer = client.getresponse()
    return answer, answer.read().decode()


def give_back(door, mail):
    """What receivers send for the first campaign."""
    def bounce(who, action, status, said, about=None):
        token = mail[who][0]
        door.give(f"{token}@{DOMAIN}", report(token, about or f"{who}@ok.test", action, status, said))
    bounce("hard", "failed", "5.1.1", "550 5.1.1 User unknown")
    bounce("soft", "failed", "5.2.2", "552 5.2.2 Mailbox full")
    bounce("delayed", "delayed", "4.4.1", "Connection timed out")
    bounce("inactive", "failed", "5.2.1", "550 5.2.1 mailbox disabled")
    bounce("domain", "failed", "5.1.2", "550 5.1.2 Host unknown", "elsewhere@gone.test")
    for number in range(20):
        bounce(f"policy{number}", "failed", "5.7.1", "550 5.7.1 blocked: 127.0.0.1 has a poor reputation")
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
    """Nobody is relayed for; a report without our token is taken and believed in nothing."""
    forged = mail["stays"][0][:-1] + ("0" if mail["stays"][0][-1] != "0" else "1")
    for recipient in (f"{forged}@{DOMAIN}", f"ann@{DOMAIN}", "ann@elsewhere.test",
                      f"unsubscribe+{forged}@{DOMAIN}"):
        assert door.refuses(recipient), recipient
    door.give(f"fbl@{DOMAIN}", report("x", "stays@ok.test", "failed", "5.1.1", "550 5.1.1 User unknown"))


def unsubscribe(service, mail):
    pages = service.facts["public"]
    path = f"/u/{mail['leaves'][0]}"
    answer, page = ask(pages, "GET", path, headers={"Accept-Language": "de-AT"})
    assert answer.status == 200 and 'lang="de"' in page and "Abmelden" in page and "<button" in page, page
    assert ask(pages, "POST", path, "nothing=1")[0].status == 400
    assert ask(pages, "GET", path[:-1] + "~")[0].status == 404
    assert [e for e in read_events(service.data) if e["event"] == "unsubscribed" and
            e["recipient"].startswith("leaves")] == []
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer, _ = ask(pages, "POST", path, "List-Unsubscribe=One-Click", form)
    assert answer.status == 200 and not answer.getheader("Set-Cookie") and not answer.getheader("Location")
    answer, page = ask(pages, "POST", f"/u/{mail['button'][0]}", "scope=all", form)
    assert answer.status == 200 and "You are unsubscribed" in page, page


def suppressed(service):
    done = service.run("suppress", "list", "--domain", "ok.test", "--json")
    rows = json.loads(done.stdout.splitlines()[-1])["suppressions"]
    return {one["subject"].split("@")[0]: one["entries"][0]["reason"] for one in rows}


def scenario(scene):
    sink = scene.sink(sample_every=1)
    service = scene.service().unsigned("shop.test").route("*", sink.address)
    service.configure(f'''[bounce]
domain = "{DOMAIN}"
listen = "127.0.0.1:0"
[public]
listen = "127.0.0.1:0"
url = "https://mail.shop.test"''')
    service.start()
    until("addresses are told", lambda: "public" in service.facts or service.child.line_that(
        lambda line: service._fact(line) == "public"))
    first = send(scene, service, "first")
    assert all(event["event"] == "delivered" for event in first.finals.values())
    mail = samples(sink)
    assert sorted(mail) == sorted(NAMES), sorted(mail)
    for token, text in mail.values():
        assert f"Message-ID: <{token}@" in text and f"mailto:unsubscribe+{token}@{DOMAIN}" in text, text
        assert f"https://mail.shop.test/u/{token}" in text and "List-Unsubscribe-Post:" in text, text
    door = Door(service.facts["bounce"])
    give_back(door, mail)
    strangers(door, mail)
    unsubscribe(service, mail)
    expected = {"hard": "invalid-recipient", "domain": "invalid-recipient", "complains": "complaint",
                "redacted": "complaint", "leaves": "unsubscribed", "writes": "unsubscribed",
                "button": "unsubscribed"}
    until("the feed has it all", lambda: suppressed(service) == expected or len(suppressed(service)) > 7)
    service.kill()  # what was answered survives
    service.start()
    assert suppressed(service) == expected, suppressed(service)
    after = [event for event in read_events(service.data)
             if event["event"] in ("returned", "complaint", "unsubscribed")]
    told = {event["recipient"].split("@")[0]: event for event in after}
    assert len(after) == len(told) == len(NAMES) - 3, (len(after), sorted(told))
    assert told["soft"]["class"] == "mailbox-full" and told["soft"]["detail"] == "soft", told["soft"]
    assert told["hard"]["detail"] == "hard" and told["hard"]["campaign"] == "first", told["hard"]
    assert not {"delayed", "away", "stays"} & set(told), sorted(told)
    second = send(scene, service, "second")
    skipped = {event["recipient"].split("@")[0] for event in second.finals.values()
               if event["event"] == "suppressed"}
    assert skipped == set(expected), skipped
    assert len(second.finals) == len(NAMES)


if __name__ == "__main__":
    run(scenario)
