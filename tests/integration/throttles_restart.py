#!/usr/bin/env python3
"""A quota is kept exactly across kill -9, and an operator's override too; reset lets mail go on at once."""
import json
import time

from lib.campaign import addresses, row
from lib.processes import wait_until
from lib.scenario import run

QUOTA = 150
RECIPIENTS = 300
PAUSED = 50
LIMIT_S = 60
DAY_S = 24 * 3600
SETTINGS = f"""
[delivery]
lease_run = 4
[[policy]]
match = {{ domain = "quota.test" }}
daily_quota = {QUOTA}
message_rate = "200/s"
[retry]
in_doubt_delay = "1s"
"""


def leave_midnight_behind():
    """A day of UTC that ends within the test would begin the count anew."""
    left = DAY_S - time.time() % DAY_S
    if left < 3 * LIMIT_S:
        time.sleep(left + 1)


def shown(service):
    return json.loads(service.run("throttle", "show", "--json").stdout)


def quota_used_up(service):
    return any(limit["state"].startswith(f"{QUOTA} of {QUOTA} used") for limit in shown(service)["limits"])


def paused(service):
    """Mail has met the override. It waits in the store: the end is far."""
    return any(limit["kind"] == "pause" for limit in shown(service)["limits"])


def quota_is_exact(scene, service):
    rows = [row(number, address) for number, address in enumerate(addresses(RECIPIENTS, ["quota.test"]))]
    service.run("send", str(scene.campaign("q", rows).path), "--detach")
    wait_until("some are sent", lambda: (service.campaign("q") or {}).get("delivered", 0) > QUOTA // 4,
               LIMIT_S, 0.02)
    service.kill()
    service.start()
    doubts = int(service.facts["in_doubt_found"])
    wait_until("the quota holds the rest back", lambda: quota_used_up(service), LIMIT_S, 0.1)
    campaign = service.campaign("q")
    delivered = campaign["delivered"]
    print(f"quota {QUOTA}: {delivered} delivered, {doubts} in doubt after the kill")
    # What was in doubt may have been sent: it has used its share of the quota.
    assert QUOTA - doubts <= delivered <= QUOTA, campaign
    assert campaign["queued"] == RECIPIENTS - delivered, campaign
    service.run("throttle", "reset", "daily_quota")
    wait_until("a reset lets the rest go", lambda: service.campaign("q")["delivered"] > delivered,
               LIMIT_S, 0.05)


def override_is_kept(scene, service):
    service.run("throttle", "set", "--domain", "paused.test", "--pause", "--for", "1h",
                "--cause", "a test")
    rows = [row(number, address) for number, address in enumerate(addresses(PAUSED, ["paused.test"]))]
    service.run("send", str(scene.campaign("p", rows).path), "--detach")
    wait_until("it is expanded", lambda: (service.campaign("p") or {}).get("queued") == PAUSED, LIMIT_S, 0.05)
    wait_until("it waits for the override", lambda: paused(service), LIMIT_S, 0.1)
    service.kill()
    service.start()
    override = shown(service)["overrides"][0]
    assert override["id"] == "domain=paused.test" and override["cause"] == "a test", override
    wait_until("it waits again", lambda: paused(service), LIMIT_S, 0.1)
    assert service.campaign("p")["delivered"] == 0
    assert service.run("throttle", "reset", "--id", "no such", check=False).returncode != 0
    service.run("throttle", "reset", "--id", "domain=paused.test")
    wait_until("it is sent", lambda: service.campaign("p")["delivered"] == PAUSED, LIMIT_S, 0.05)


def scenario(scene):
    leave_midnight_behind()
    sink = scene.sink()
    service = scene.service().unsigned("shop.test").route("*", sink.address).configure(SETTINGS).start()
    override_is_kept(scene, service)
    quota_is_exact(scene, service)
    service.stop()
    events = [json.loads(line) for path in sorted((service.data / "events").glob("*.jsonl"))
              for line in path.read_text().splitlines()]
    told = [event for event in events if event["event"] == "suspended"]
    assert [event["class"] for event in told] == ["set", "cleared"], told


if __name__ == "__main__":
    run(scenario)
