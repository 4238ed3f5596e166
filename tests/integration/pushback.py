#!/usr/bin/env python3
"""A receiver says "too fast" and "too many": sluice slows down at once, in a step or two; when it takes more
again, the full rate comes back by itself."""
import json

from lib.campaign import row
from lib.events import Ledger, check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

RECIPIENTS = 4000
LIMITED_S = 30  # the persona's limits end then
LIMIT_S = 110
QUIET_AFTER_S = 12  # two pauses of 2 s, a step between them, and a busy machine
RULES = """
[[rule]]
name = "rate"
pause = "2s"
recover_every = "3s"
recover = 100
recover_max = "3s"
[[rule]]
name = "too-many-connections"
pause = "2s"
recover_every = "5s"
"""

ENDED = 'what=cleared id="slow:a:site='


def changes(events, kind):
    return [event for event in events if event["event"] == kind]


def check_refusals(refusals):
    """Storms are over within two steps; what comes later are single tries beyond the limit."""
    storm = sum(refusals[:QUIET_AFTER_S])
    later = refusals[QUIET_AFTER_S:]
    assert storm > 0, "the receiver never refused"
    assert sum(later) <= max(20, storm // 4), f"{storm} refused at first, then {later}"
    assert sum(refusals[LIMITED_S + 5:]) == 0, refusals[LIMITED_S:]


def scenario(scene):
    sink = scene.sink(personas=["recovering"])
    service = scene.service().unsigned("shop.test").route("busy.test", sink.address)
    rules = service.folder / "shaping.toml"
    rules.write_text(RULES)
    service.configure('[retry]\nladder = ["2s", "2s", "4s", "4s", "8s"]')
    service.configure(f'[shaping]\nrules_file = "{rules}"')
    service.start()
    people = [f"r{number}@busy.test" for number in range(RECIPIENTS)]
    campaign = scene.campaign("pushed", [row(number, address) for number, address in enumerate(people)])
    service.run("send", str(campaign.path), "--detach")
    wait_until("every recipient final", lambda: (service.campaign("pushed") or {}).get("state") == "done",
               LIMIT_S, 0.2)
    check_balance(service.campaign("pushed"))
    assert "slow:a:site=" in service.log(), "no back-off"
    wait_until("the back-off ends by itself", lambda: ENDED in service.log(), LIMIT_S, 0.2)
    assert service.stop()[0] == 0
    ledger = Ledger(read_events(service.data), "pushed")
    ledger.check_exactly_once()
    assert ledger.count("delivered") == RECIPIENTS, ledger.counts()
    stats = sink.stop()
    check_refusals(stats["sites"][0]["refusals"])
    print(json.dumps({"refusals": stats["sites"][0]["refusals"]}))


if __name__ == "__main__":
    run(scenario)
