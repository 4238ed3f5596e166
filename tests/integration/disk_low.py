#!/usr/bin/env python3
"""The disk gets low: new work is refused, then sending stops, and each goes on when there is room again."""
import json
import smtplib
import urllib.error
import urllib.request

from lib.campaign import addresses, row
from lib.disk import fill_to, small_disk
from lib.events import Ledger, check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

RECIPIENTS = 20_000
DOMAINS = [f"d{number}.test" for number in range(50)]
LIMIT_S = 60
SETTINGS = """[store]
write_buffer = "8 MiB"
wal_size = "16 MiB"
refuse_below = "120 MiB"
stop_below = "60 MiB"
ballast = "16 MiB"
[http]
listen = "127.0.0.1:0"
[[listener]]
listen = "127.0.0.1:0"
trusted_networks = ["127.0.0.0/8"]"""
TEXT = b"From: orders@shop.test\r\nTo: you@d1.test\r\nSubject: Order\r\n\r\nThank you.\r\n"


def ready(service):
    try:
        with urllib.request.urlopen(f"http://{service.facts['http']}/readyz", timeout=LIMIT_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def submit(door):
    """What the door says to a message: the code of the first refusal, or 250."""
    client = smtplib.SMTP(timeout=LIMIT_S)
    code, _ = client.connect(*door)
    if code == 220:
        client.ehlo()
        for command in (lambda: client.mail("orders@shop.test"), lambda: client.rcpt("you@d1.test"),
                        lambda: client.data(TEXT)):
            code, _ = command()
            if code >= 400:
                break
    client.close()
    return code


def delivered(service):
    return (service.campaign("first") or {"delivered": 0})["delivered"]


def leased(service):
    return json.loads(service.run("queue", "summary", "--json").stdout)["leased"]


def check_refuses(scene, service, door):
    """Below refuse_below nothing new comes in, and what is queued leaves."""
    filler = service.data / "filler"
    fill_to(filler, 100)
    wait_until("the disk is low", lambda: "to=low" in service.log(), LIMIT_S)
    code, text = ready(service)
    assert code == 503 and "refuse_below" in text, (code, text)
    assert submit(door) == 421
    second = scene.campaign("second", [row(0, "late@d1.test")])
    service.run("send", str(second.path), "--detach")
    before = delivered(service)
    wait_until("mail that was queued leaves", lambda: delivered(service) > before, LIMIT_S)
    assert service.campaign("second") is None
    assert (service.spool / "incoming" / "second").is_dir()


def check_stops(service):
    """Below stop_below no attempt begins."""
    fill_to(service.data / "filler", 40)
    wait_until("there is no room", lambda: "to=none" in service.log(), LIMIT_S)
    assert "stop_below" in ready(service)[1]
    wait_until("attempts under way have ended", lambda: leased(service) == 0, LIMIT_S)
    stood = delivered(service)
    assert stood < RECIPIENTS, "the disk got low too late to tell anything"
    for _ in range(10):
        assert leased(service) == 0
    assert delivered(service) == stood


def scenario(scene):
    sink = scene.sink()
    service = scene.service()
    small_disk(scene, service.data, 400)
    service.unsigned("shop.test").route("*", sink.address).configure(SETTINGS).start()
    service.facts["http"] = service.child.line_that(lambda line: "http=" in line).partition("=")[2]
    host, _, port = service.child.line_that(lambda line: "smtp=" in line).partition("=")[2].rpartition(":")
    door = (host, int(port))
    assert ready(service)[0] == 200
    assert submit(door) == 250
    rows = [row(number, address) for number, address in enumerate(addresses(RECIPIENTS, DOMAINS))]
    first = scene.campaign("first", rows, {"rate": '"1500/s"'})
    service.run("send", str(first.path), "--detach")
    wait_until("some are delivered", lambda: delivered(service) >= 500, LIMIT_S)
    wait_until("the list is read", lambda: service.campaign("first")["expanded"], LIMIT_S)

    check_refuses(scene, service, door)
    check_stops(service)

    (service.data / "filler").unlink()
    wait_until("it is ready again", lambda: ready(service)[0] == 200, LIMIT_S)
    assert submit(door) == 250
    for name in ("first", "second"):
        wait_until(f"{name} is done", lambda name=name: (service.campaign(name) or {}).get("state") == "done",
                   LIMIT_S, 0.1)
    check_balance(service.campaign("first"))
    assert service.stop()[0] == 0
    events = read_events(service.data)
    Ledger(events, "first").check_exactly_once()
    assert [event["class"] for event in events if event["event"] == "alert"].count("disk") >= 3


if __name__ == "__main__":
    run(scenario)
