#!/usr/bin/env python3
"""A campaign with a `rate` of its own keeps to it, though every policy would let it run."""
from lib.campaign import addresses, row
from lib.events import check_balance
from lib.processes import wait_until
from lib.scenario import run

RECIPIENTS = 500
RATE = 100
BURST = 20
DOMAINS = [f"d{number}.test" for number in range(50)]
LIMIT_S = 90


def scenario(scene):
    sink = scene.sink()
    service = scene.service().unsigned("shop.test").route("*", sink.address).start()
    rows = [row(number, address) for number, address in enumerate(addresses(RECIPIENTS, DOMAINS))]
    campaign = scene.campaign("gentle", rows, {"rate": f'"{RATE}/s burst {BURST}"'})
    service.run("send", str(campaign.path), "--detach")
    waits = wait_until("the rate is named as what mail waits for",
                       lambda: "rate" in service.run("queue", "summary").stdout.lower(), LIMIT_S, 0.05)
    assert waits
    wait_until("every recipient final", lambda: (service.campaign("gentle") or {}).get("state") == "done",
               LIMIT_S, 0.1)
    shown = service.campaign("gentle")
    check_balance(shown)
    assert shown["delivered"] == RECIPIENTS, shown
    service.stop()
    # What was granted in one second may be received within a shorter one: leases run a little ahead.
    peak = sink.stop()["sites"][0]["peak_mails_per_s"]
    assert peak <= RATE + 2 * BURST, f"{peak} in one second, {RATE}/s with a burst of {BURST} asked for"


if __name__ == "__main__":
    run(scenario)
