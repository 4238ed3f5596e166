#!/usr/bin/env python3
"""Pause, resume and cancel in the middle of a campaign, with a restart while paused; the books balance."""
from lib.campaign import addresses, row
from lib.events import Ledger, check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

RECIPIENTS = 20_000
RATE = "2000/s"
DOMAINS = [f"d{number}.test" for number in range(100)]
LIMIT_S = 90


def shown(service):
    return service.campaign("steered") or {"delivered": 0, "state": "none"}


def settled(service):
    """What is delivered once nothing is on the wire any more: the same twice, a second and more apart."""
    last = [-1]

    def stands_still():
        now = shown(service)["delivered"]
        same, last[0] = now == last[0], now
        return same and now
    return wait_until("nothing more is delivered", stands_still, LIMIT_S, 1.2)


def delivers_until(service, count):
    wait_until(f"delivery number {count}", lambda: shown(service)["delivered"] >= count, LIMIT_S, 0.02)


def scenario(scene):
    sink = scene.sink()
    service = scene.service().unsigned("shop.test").route("*", sink.address).start()
    rows = [row(number, address) for number, address in enumerate(addresses(RECIPIENTS, DOMAINS))]
    campaign = scene.campaign("steered", rows, {"rate": f'"{RATE}"'})
    service.run("send", str(campaign.path), "--detach")
    delivers_until(service, 1000)

    service.run("campaign", "pause", "steered")
    at_pause = settled(service)
    assert at_pause < RECIPIENTS // 2, f"{at_pause} delivered though paused early"
    assert shown(service)["state"] == "paused", shown(service)
    service.run("campaign", "pause", "steered")  # again: no harm

    assert service.stop()[0] == 0
    service.start()
    assert shown(service)["state"] == "paused", shown(service)
    assert settled(service) == at_pause, "a restart resumed what was paused"

    service.run("campaign", "resume", "steered")
    delivers_until(service, at_pause + 1000)
    service.run("campaign", "cancel", "steered")
    wait_until("the sweep is over", lambda: shown(service)["queued"] == 0, LIMIT_S, 0.05)
    wait_until("its directory is done", lambda: (service.spool / "done" / "steered" / "report.json").exists(),
               LIMIT_S, 0.05)
    last = shown(service)
    check_balance(last)
    assert last["cancelled"] > 0 and last["delivered"] + last["cancelled"] == RECIPIENTS, last
    again = service.run("campaign", "resume", "steered", check=False)
    assert again.returncode != 0, "a cancelled campaign was resumed"
    service.stop()

    stats = sink.stop()
    assert (stats["unique"], stats["duplicates"]) == (last["delivered"], 0), stats
    ledger = Ledger(read_events(service.data), "steered")
    ledger.check_exactly_once()
    assert ledger.counts()["cancelled"] == last["cancelled"], ledger.counts()
    assert ledger.check_sink(sink.deliveries()) == 0


if __name__ == "__main__":
    run(scenario)
