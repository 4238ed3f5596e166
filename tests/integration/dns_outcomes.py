#!/usr/bin/env python3
"""What a real name server says decides: delivered at the right host, bounced at once, or put off.

The receiver listens on 127.0.0.1; `dead` hosts point where nobody listens.
"""
from lib.campaign import row
from lib.dns_server import DnsServer
from lib.events import Ledger, check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

LIMIT_S = 60

ZONE = """
mx        IN MX 10 mail
second    IN MX 5 dead
second    IN MX 20 mail
bare      IN A 127.0.0.1
alias     IN CNAME mx
null      IN MX 0 .
empty     IN TXT "no mail here"
nowhere   IN MX 10 gone
mail      IN A 127.0.0.1
dead      IN A 127.0.0.99
"""

# domain: (outcome, bounce class or None, the host that takes it or None)
EXPECTED = {
    "mx.dns.test": ("delivered", None, "mail.dns.test"),
    "second.dns.test": ("delivered", None, "mail.dns.test"),
    "bare.dns.test": ("delivered", None, "bare.dns.test"),
    "alias.dns.test": ("delivered", None, "mail.dns.test"),
    "null.dns.test": ("bounced", "invalid-domain", None),
    "missing.dns.test": ("bounced", "invalid-domain", None),
    # The source has no address6, so nobody asked for AAAA: these may have hosts we cannot reach.
    "empty.dns.test": ("bounced", "dns", None),
    "nowhere.dns.test": ("bounced", "dns", None),
    "x.broken.test": ("deferred", "dns", None),
}
EACH = 3


def check(ledger, domain, outcome, bounce_class, host):
    finals = [event for event in ledger.finals.values() if event["domain"] == domain]
    if outcome == "deferred":
        assert not finals, f"{domain}: {finals}"
        put_off = [event for event in ledger.events if event.get("domain") == domain]
        assert len(put_off) >= EACH, put_off
        assert all((event["event"], event["class"]) == (outcome, bounce_class) for event in put_off), put_off
        return
    assert len(finals) == EACH, f"{domain}: {finals}"
    for event in finals:
        assert event["event"] == outcome and event.get("class") == bounce_class, event
        assert event["attempts"] == 1, f"not at the first attempt: {event}"
        assert host is None or event["mx"].rstrip(".") == host, event


def scenario(scene):
    sink = scene.sink()
    port = int(sink.address.rpartition(":")[2])
    dns = DnsServer({"dns.test": ZONE}, broken=["broken.test"])
    dns.start()
    scene.ends_with(dns.stop)
    service = scene.service().unsigned("shop.test")
    service.configure(f'[dns]\nservers = ["127.0.0.1:{dns.port}"]\n[delivery]\nsmtp_port = {port}\n'
                      '[retry]\nladder = ["1h"]')
    service.start()
    people = [f"r{number}@{domain}" for number in range(EACH) for domain in EXPECTED]
    campaign = scene.campaign("named", [row(number, address) for number, address in enumerate(people)])
    service.run("send", str(campaign.path), "--detach")
    waiting = EACH * sum(1 for outcome, _, _ in EXPECTED.values() if outcome == "deferred")

    def only_the_put_off_wait():
        shown = service.campaign("named") or {}
        return shown.get("expanded") and shown["queued"] == waiting and shown["deferred"] >= waiting
    wait_until("everything but the unanswered is final", only_the_put_off_wait, LIMIT_S, 0.1)
    check_balance(service.campaign("named"))
    assert service.stop()[0] == 0
    ledger = Ledger(read_events(service.data), "named")
    for domain, (outcome, bounce_class, host) in EXPECTED.items():
        check(ledger, domain, outcome, bounce_class, host)
    stats = sink.stop()
    delivered = EACH * sum(1 for outcome, _, _ in EXPECTED.values() if outcome == "delivered")
    assert (stats["unique"], stats["duplicates"]) == (delivered, 0), stats


if __name__ == "__main__":
    run(scenario)
