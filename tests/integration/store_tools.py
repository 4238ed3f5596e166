#!/usr/bin/env python3
"""A store is copied while it serves, damaged, refused and put back: nobody is lost or sent to twice."""
import json
import subprocess

from lib.campaign import addresses, row
from lib.events import Ledger, check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

RECIPIENTS = 4000
DOMAINS = [f"d{number}.test" for number in range(20)]
LIMIT_S = 60
DATA, UNAVAILABLE = 65, 69


def shown(service):
    return service.campaign("kept") or {"delivered": 0, "expanded": False, "state": "none"}


def store(service, *arguments, code=0):
    """What `store …` says, which must end with that code: its answer, or why there is none."""
    done = service.run("store", *arguments, check=False)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout or done.stderr


def refusal(service):
    """What `serve` says when it does not start."""
    done = subprocess.run([service.binary, "serve", "--config", str(service.config)], capture_output=True,
                          text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == DATA, (done.returncode, done.stderr)
    return done.stderr


def flip_middle(path):
    bytes_ = bytearray(path.read_bytes())
    bytes_[len(bytes_) // 2] ^= 0x55
    path.write_bytes(bytes_)


def check_running(service, backup):
    assert "backup" in store(service, "check", code=UNAVAILABLE)
    store(service, "repair", code=UNAVAILABLE)
    store(service, "backup", str(backup))
    assert "exists" in store(service, "backup", str(backup), code=DATA)
    store(service, "restore", str(backup), code=UNAVAILABLE)
    assert json.loads(store(service, "check", str(backup), "--json"))["sound"] is True


def check_damage(service):
    """A log damaged before its end: every tool says so and changes nothing."""
    logs = sorted((service.data / "store").glob("*.log"), key=lambda path: path.stat().st_size)
    flip_middle(logs[-1])
    before = logs[-1].read_bytes()
    said = refusal(service)
    assert "store repair" in said and str(service.data / "store") in said, said
    assert json.loads(store(service, "check", "--json", code=DATA))["sound"] is False
    assert "--accept-loss" in store(service, "repair", code=DATA)
    assert logs[-1].read_bytes() == before


def scenario(scene):
    sink = scene.sink()
    service = scene.service()
    service.unsigned("shop.test").route("*", sink.address).start()
    rows = [row(number, address) for number, address in enumerate(addresses(RECIPIENTS, DOMAINS))]
    campaign = scene.campaign("kept", rows, {"rate": '"500/s"'})
    service.run("send", str(campaign.path), "--detach")
    wait_until("the list is read", lambda: shown(service)["expanded"], LIMIT_S)
    wait_until("some are delivered", lambda: shown(service)["delivered"] >= 300, LIMIT_S)
    backup = scene.folder / "backup"
    check_running(service, backup)
    at_backup = json.loads(store(service, "check", str(backup), "--json"))
    queued = next(part["found"] for part in at_backup["rows"] if part["what"] == "records")
    wait_until("more are delivered", lambda: RECIPIENTS - shown(service)["delivered"] < queued - 300, LIMIT_S)
    delivered = shown(service)["delivered"]
    assert delivered < RECIPIENTS, "everything was sent before the store was damaged"
    assert service.stop()[0] == 0
    store(service, "check")

    check_damage(service)
    assert "not empty" in store(service, "restore", str(backup), code=DATA)
    (service.data / "store").rename(service.data / "store.bad")
    (service.data / "lists").rename(service.data / "lists.bad")
    assert "acknowledged" in refusal(service), "a store that is gone is not replaced by an empty one"
    restored = json.loads(store(service, "restore", str(backup), "--json"))
    assert restored["settled"] >= 300, restored
    store(service, "check")

    service.start()
    assert shown(service)["delivered"] >= delivered
    wait_until("the campaign is done", lambda: shown(service)["state"] == "done", LIMIT_S, 0.1)
    check_balance(shown(service))
    assert service.stop()[0] == 0
    stats = sink.stop()
    assert (stats["unique"], stats["duplicates"]) == (RECIPIENTS, 0), stats
    ledger = Ledger(read_events(service.data), "kept")
    ledger.check_exactly_once()
    assert ledger.check_sink(sink.deliveries()) == 0


if __name__ == "__main__":
    run(scenario)
