#!/usr/bin/env python3
"""kill -9 of the service at random moments in the middle of a campaign: nobody lost, no copy without a doubt.

    kill_serve.py SLUICE
    SLUICE_LONG=1: more recipients and kills; SLUICE_SEED=N repeats a run's moments
"""
import os
import random
import re
import time

from lib.campaign import addresses, row
from lib.events import Ledger, check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

LONG = bool(os.environ.get("SLUICE_LONG"))
RECIPIENTS = 200_000 if LONG else 30_000
KILLS = 40 if LONG else 5
DOMAINS = 400
FINISH_LIMIT_S = 900 if LONG else 120
SITES = 1  # every domain is routed to the one sink


def start_and_check_doubts(service, kills):
    """A restart after a kill finds no more in doubt than the bound it prints."""
    service.start()
    found = int(service.facts["in_doubt_found"])
    bound = int(re.match(r"\d+", service.facts["in_doubt_bound"])[0]) * SITES
    assert found <= bound, f"after kill {kills}: {found} in doubt, the bound is {bound}"
    return found


def delivered(service):
    shown = service.campaign("killed")
    return shown["delivered"] if shown else 0


def kill_at_random_moments(service, rng):
    """Returns how many of the kills fell before the campaign was done, and the doubts found after each."""
    doubts = []
    for number in range(1, KILLS + 1):
        goal = min(RECIPIENTS - 1, RECIPIENTS * number // (KILLS + 2))
        wait_until(f"delivery number {goal}", lambda: delivered(service) >= goal, FINISH_LIMIT_S, 0.05)
        time.sleep(rng.uniform(0.0, 0.4))  # the moment of the kill, not a wait for anything
        service.kill()
        doubts.append(start_and_check_doubts(service, number))
    return doubts


def scenario(scene):
    seed = int(os.environ.get("SLUICE_SEED", random.SystemRandom().randrange(1 << 32)))
    print("SLUICE_SEED", seed)
    sink = scene.sink()
    service = scene.service().unsigned("shop.test").route("*", sink.address)
    service.configure('[retry]\nin_doubt_delay = "1s"\nladder = ["1s"]\n[delivery]\nlease_run = 16').start()
    domains = [f"d{number}.test" for number in range(DOMAINS)]
    rows = [row(number, address) for number, address in enumerate(addresses(RECIPIENTS, domains))]
    campaign = scene.campaign("killed", rows, {"html": None})
    service.run("send", str(campaign.path), "--detach")
    doubts = kill_at_random_moments(service, random.Random(seed))
    wait_until("every recipient final", lambda: (service.campaign("killed") or {}).get("state") == "done",
               FINISH_LIMIT_S, 0.2)
    check_balance(service.campaign("killed"))
    assert (service.spool / "done" / "killed" / "report.json").exists(), "not moved to done/"
    code, _ = service.stop()
    assert code == 0, f"serve ended with {code}"
    sink.stop()
    ledger = Ledger(read_events(service.data), "killed")
    ledger.check_exactly_once()
    assert ledger.counts()["delivered"] == RECIPIENTS, ledger.counts()
    copies = ledger.check_sink(sink.deliveries())
    doubts_told = [event for event in ledger.events if event["event"] == "in_doubt"]
    crashed = sum(1 for event in doubts_told if event.get("stage") == "crash")
    assert crashed == sum(doubts), f"{sum(doubts)} found in doubt at the restarts, {crashed} events say so"
    print(f"{KILLS} kills, in doubt after each: {doubts}, second copies: {copies}")


if __name__ == "__main__":
    run(scenario)
