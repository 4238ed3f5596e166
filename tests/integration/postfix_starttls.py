#!/usr/bin/env python3
"""Into Postfix over STARTTLS, found by MX records of a real name server.

The first MX of one domain is dead, so the second must be taken. Every message arrives once, encrypted, with
both DKIM signatures good for dkimpy, and clean to Python's email package.
"""
import email
import email.policy
import re

from lib.campaign import addresses, row
from lib.dns_server import DnsServer
from lib.events import Ledger, check_balance, read_events
from lib.postfix import Postfix, available
from lib.processes import wait_until
from lib.scenario import run, skip

RECIPIENTS = 400
DOMAINS = ["plain.test", "second.test", "bare.test"]
LIMIT_S = 90

ZONES = {
    "plain.test": "@ IN MX 10 mail\nmail IN A 127.0.0.1\n",
    "second.test": "@ IN MX 5 dead\n@ IN MX 20 mail\ndead IN A 127.0.0.77\nmail IN A 127.0.0.1\n",
    "bare.test": "@ IN A 127.0.0.1\n",
}
HOSTS = {"plain.test": "mail.plain.test", "second.test": "mail.second.test", "bare.test": "bare.test"}


def check_message(raw, keys):
    import dkim
    crlf = re.sub(rb"(?<!\r)\n", b"\r\n", raw)
    signatures = len(re.findall(rb"^DKIM-Signature:", raw, re.M | re.I))
    assert signatures == 2, f"{signatures} signatures"
    checker = dkim.DKIM(crlf)
    for index in range(signatures):
        good = checker.verify(index, lambda name, timeout=5: keys[name.decode().rstrip(".")].encode())
        assert good, f"signature {index} does not verify"
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert not message.defects, message.defects
    received = message.get_all("Received")[0]
    assert "using TLSv1" in received, f"not encrypted: {received}"
    parts = [part.get_content_type() for part in message.walk()]
    assert "text/plain" in parts and "text/html" in parts, parts
    for part in message.walk():
        assert not part.defects, part.defects
    return message["To"]


def scenario(scene):
    why = available()
    if why:
        skip(why)
    postfix = Postfix(scene.folder / "postfix", DOMAINS)
    scene.ends_with(postfix.stop)
    postfix.start()
    dns = DnsServer(ZONES)
    dns.start()
    scene.ends_with(dns.stop)
    service = scene.service().sign().sign(selector="s2", algorithm="ed25519")
    service.configure(f'[dns]\nservers = ["127.0.0.1:{dns.port}"]\n[delivery]\nsmtp_port = {postfix.port}\n'
                      '[retry]\nladder = ["1s"]')
    service.start()
    people = addresses(RECIPIENTS, DOMAINS)
    campaign = scene.campaign("encrypted", [row(number, address) for number, address in enumerate(people)])
    service.run("send", str(campaign.path), "--detach")
    wait_until("every recipient final", lambda: (service.campaign("encrypted") or {}).get("state") == "done",
               LIMIT_S, 0.1)
    shown = service.campaign("encrypted")
    check_balance(shown)
    assert shown["delivered"] == RECIPIENTS, f"{shown}\n{postfix.log()}"
    service.stop()
    wait_until("all in the mailbox", lambda: len(postfix.messages()) >= RECIPIENTS, LIMIT_S, 0.1)
    messages = postfix.messages()
    assert len(messages) == RECIPIENTS, f"{len(messages)} messages in the mailbox"
    names = {check_message(raw, service.keys) for raw in messages}
    assert len(names) == RECIPIENTS, f"{len(names)} different recipients"
    ledger = Ledger(read_events(service.data), "encrypted")
    ledger.check_exactly_once()
    for event in ledger.finals.values():
        assert event["tls"]["version"].startswith("TLSv1"), event
        assert event["mx"].rstrip(".") == HOSTS[event["domain"]], event


if __name__ == "__main__":
    run(scenario)
