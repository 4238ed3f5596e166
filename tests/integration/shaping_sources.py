#!/usr/bin/env python3
"""A source that a block list names is taken out at that receiver: the refused record and all others leave by
the other source. STARTTLS that breaks is remembered: the mail goes in plain text, and an event says so."""
import socket
import threading

from lib.campaign import row
from lib.events import Ledger, read_events
from lib.processes import wait_until
from lib.scenario import run

RECIPIENTS = 60
LIMIT_S = 60


class Receiver:
    """SMTP that refuses mail from one client address as listed, and whose STARTTLS breaks."""

    def __init__(self, refused, starttls=False):
        self.refused, self.starttls = refused, starttls
        self.handshakes = 0
        self.server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = "127.0.0.1:%d" % self.server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, peer = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, peer[0]), daemon=True).start()

    def _serve(self, client, peer):
        with client, client.makefile("rb") as lines:
            def say(text):
                client.sendall(text.encode() + b"\r\n")
            say("220 ready")
            for line in lines:
                verb = line.split()[0].upper() if line.split() else b""
                if verb == b"EHLO":
                    say("250-hello\r\n250 STARTTLS" if self.starttls else "250 hello")
                elif verb == b"STARTTLS":
                    self.handshakes += 1
                    say("220 go")
                    client.recv(4096)
                    say("no TLS here")
                    return
                elif verb == b"MAIL" and peer == self.refused:
                    say("554 5.7.1 Service unavailable; client blocked using zen.spamhaus.org")
                elif verb == b"DATA":
                    say("354 go")
                    for text in lines:
                        if text == b".\r\n":
                            break
                    say("250 2.0.0 taken")
                elif verb == b"QUIT":
                    say("221 bye")
                    return
                else:
                    say("250 2.1.0 fine")


def scenario(scene):
    listed, broken = Receiver("127.0.0.1"), Receiver("", starttls=True)
    service = scene.service(connections=2).unsigned("shop.test")
    service.route("listed.test", listed.address).route("broken.test", broken.address)
    service._text = service._text.replace('sources = ["a"]', 'sources = ["a", "b"]')
    service.configure('[[source]]\nname = "b"\naddress = "127.0.0.3"\nehlo = "b.shop.test"')
    service.configure('[retry]\nladder = ["1s", "2s", "4s"]')
    service.start()
    people = [f"r{number}@{name}.test" for number in range(RECIPIENTS) for name in ("listed", "broken")]
    campaign = scene.campaign("sources", [row(number, address) for number, address in enumerate(people)])
    service.run("send", str(campaign.path), "--detach")
    wait_until("every recipient final", lambda: (service.campaign("sources") or {}).get("state") == "done",
               LIMIT_S, 0.1)
    assert "out:a:site=" in service.log(), "the source was not taken out"
    assert service.stop()[0] == 0
    events = read_events(service.data)
    ledger = Ledger(events, "sources")
    ledger.check_exactly_once()
    assert ledger.count("delivered") == 2 * RECIPIENTS, ledger.counts()
    refused = [event for event in ledger.events if event["event"] == "deferred"]
    assert refused and all(event["source"] == "a" for event in refused), refused[:2]
    assert len(refused) <= RECIPIENTS // 2, f"{len(refused)} were refused before the source was out"
    told = [event for event in events if event["event"] == "backoff" and event.get("class") == "tls"]
    assert len(told) == 1 and told[0]["due"], told
    assert broken.handshakes <= 8, f"STARTTLS was tried {broken.handshakes} times"


if __name__ == "__main__":
    run(scenario)
