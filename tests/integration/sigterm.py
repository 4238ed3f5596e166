#!/usr/bin/env python3
"""SIGTERM at full speed, again and again: it ends in time, and nobody is lost, doubled or in doubt."""
from lib.campaign import addresses, row
from lib.events import Ledger, check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

RECIPIENTS = 30_000
STOPS = 4
STOP_LIMIT_S = 20
DOMAINS = [f"d{number}.test" for number in range(200)]
LIMIT_S = 120


def delivered(service):
    shown = service.campaign("stopped")
    return shown["delivered"] if shown else 0


def scenario(scene):
    sink = scene.sink()
    service = scene.service().unsigned("shop.test").route("*", sink.address).start()
    rows = [row(number, address) for number, address in enumerate(addresses(RECIPIENTS, DOMAINS))]
    campaign = scene.campaign("stopped", rows)
    service.run("send", str(campaign.path), "--detach")
    for number in range(1, STOPS + 1):
        goal = RECIPIENTS * number // (STOPS + 2)
        wait_until(f"delivery number {goal}", lambda goal=goal: delivered(service) >= goal, LIMIT_S, 0.01)
        code, took_s = service.stop(STOP_LIMIT_S)
        assert code == 0, f"serve ended with {code} after {took_s:.1f} s\n{service.log()}"
        service.start()
        assert service.facts["in_doubt_found"] == "0", service.facts
    wait_until("every recipient final", lambda: (service.campaign("stopped") or {}).get("state") == "done",
               LIMIT_S, 0.1)
    check_balance(service.campaign("stopped"))
    service.stop()
    stats = sink.stop()
    assert (stats["unique"], stats["duplicates"]) == (RECIPIENTS, 0), stats
    ledger = Ledger(read_events(service.data), "stopped")
    ledger.check_exactly_once()
    assert not ledger.doubts, f"{len(ledger.doubts)} in doubt"
    assert ledger.check_sink(sink.deliveries()) == 0


if __name__ == "__main__":
    run(scenario)
