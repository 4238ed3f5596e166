#!/usr/bin/env python3
"""`sluice explain CAMPAIGN`: the finish it predicts for each provider and for all is when the last one is."""
import datetime
import json
import time

from lib.campaign import addresses, row
from lib.events import read_events
from lib.processes import wait_until
from lib.scenario import run

LIMIT_S = 60
PROVIDERS = """
[[provider]]
name = "slow"
networks = ["127.0.0.7/32"]
[[provider]]
name = "brisk"
networks = ["127.0.0.8/32"]
"""
POLICIES = """
[[policy]]
match = { provider = "slow" }
message_rate = "4/s burst 1"
[[policy]]
match = { provider = "brisk" }
message_rate = "10/s burst 1"
"""
COUNTS = {"slow": 80, "brisk": 100}
MEASURED_AFTER = 60  # of the brisk ones: more than the five seconds a rate is measured over


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def delivered(service, name):
    return [instant(event["time"]) for event in read_events(service.data)
            if event["event"] == "delivered" and event["recipient"].endswith(f"@{name}.test")]


def finishes(service):
    answer = json.loads(service.run("explain", "both", "--json").stdout)
    return {one["provider"]: one for one in answer["finish"]}


def scenario(scene):
    service = scene.service(connections=4).unsigned("shop.test")
    own = service.folder / "providers.toml"
    own.write_text(PROVIDERS)
    service.configure(f'[shaping]\nproviders_file = "{own}"').configure(POLICIES)
    for name, host in (("slow", "127.0.0.7"), ("brisk", "127.0.0.8")):
        service.route(f"{name}.test", scene.sink(name, host=host).address)
    service.start()
    people = [address for name, count in COUNTS.items() for address in addresses(count, [f"{name}.test"])]
    campaign = scene.campaign("both", [row(number, address) for number, address in enumerate(people)])
    service.run("send", str(campaign.path), "--detach")
    measured = lambda: len(delivered(service, "brisk")) >= MEASURED_AFTER  # noqa: E731
    wait_until("its rate is measured", measured, LIMIT_S, 0.05)
    asked, told = time.time(), finishes(service)
    assert set(told) == {"slow", "brisk", "all"}, told
    assert told["all"]["remaining"] <= 180 - MEASURED_AFTER, told
    assert abs(told["slow"]["remaining"] + told["brisk"]["remaining"] - told["all"]["remaining"]) <= 1, told
    shown = service.run("explain", "both").stdout.splitlines()[-3:]
    assert [line.split(":")[0] for line in shown] == ["brisk", "slow", "all"], shown
    wait_until("all are sent", lambda: service.campaign("both")["state"] == "done", LIMIT_S, 0.1)
    ends = {name: max(delivered(service, name)) for name in COUNTS}
    ends["all"] = max(ends.values())
    for name, end in ends.items():
        assert told[name]["basis"] == "measured", told
        off = abs(instant(told[name]["at"]) - end)
        ahead = end - asked
        assert off <= max(1.5, 0.15 * ahead), f"{name}: {off:.2f} s off, {ahead:.1f} s ahead: {told}"
    assert ends["slow"] > ends["brisk"] + 2, f"it tells nothing: {ends}"


if __name__ == "__main__":
    run(scenario)
