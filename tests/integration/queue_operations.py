#!/usr/bin/env python3
"""Operators at work: list, show, hold, release, flush, delete, standing orders; every recipient ends once."""
import json

from lib.campaign import row
from lib.events import Ledger, check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

EACH = 120
LIMIT_S = 60
DOMAINS = ["free.test", "kept.test", "grey.test"]


def asked(service, *arguments, check=True):
    done = service.run(*arguments, "--json", check=check)
    return json.loads(done.stdout) if done.returncode == 0 else done


def records(service, *filters):
    return asked(service, "queue", "list", "--limit", "1000", *filters)["records"]


def check_order(service):
    """A held domain waits untouched and says why; the others went."""
    kept = records(service, "--domain", "kept.test")
    assert len(kept) == EACH, len(kept)
    assert all(one["state"] == "ready" and one["attempts"] == 0 for one in kept), kept[:2]
    assert {one["waits_for"] for one in kept} == {"held by operator: domain kept.test"}, kept[:2]
    summary = asked(service, "queue", "summary", "--by", "provider")
    orders = [(order["scope"], order["name"]) for order in summary["orders"]]
    assert orders == [("domain", "kept.test")], summary
    assert summary["queued"] == 2 * EACH and summary["deferred"] == EACH, summary
    assert summary["counted"]["complete"] and summary["rows"][0]["queued"] == 2 * EACH, summary


def check_pages(service):
    """Pages show everybody once."""
    seen, cursor = [], ""
    while True:
        more = ("--cursor", cursor) if cursor else ()
        page = asked(service, "queue", "list", "--campaign", "ops", "--limit", "70", *more)
        seen += [one["id"] for one in page["records"]]
        cursor = page["next"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 2 * EACH, len(seen)


def check_shown(service):
    grey = records(service, "--domain", "grey.test", "--state", "deferred")
    assert len(grey) == EACH and all(one["attempts"] == 1 for one in grey), grey[:2]
    shown = asked(service, "queue", "show", grey[0]["id"])
    assert shown["record"]["recipient"] == grey[0]["recipient"], shown
    assert shown["last_event"]["event"] == "deferred" and shown["last_event"]["class"] == "greylist", shown
    assert shown["last_event"]["reply"]["code"] == 450 or shown["last_event"]["reply"]["code"] == 451, shown
    text = service.run("queue", "show", grey[0]["id"]).stdout
    assert "last reply" in text and "greylist" in text, text
    none = service.run("queue", "show", "00000000000000000000000000", check=False)
    assert none.returncode == 65, none


def check_refusals(service):
    assert service.run("queue", "delete", check=False).returncode == 64, "everything, without --all"
    assert service.run("queue", "list", "--campaign", "nobody", check=False).returncode == 65
    assert service.run("queue", "release", "--domain", "other.test", check=False).returncode == 65


def work_on_records(service):
    """One held, one deleted by address, five by id."""
    kept = records(service, "--domain", "kept.test")
    done = asked(service, "queue", "hold", kept[0]["id"])
    assert done == {"edited": 1, "busy": 0, "unchanged": 0}, done
    assert asked(service, "queue", "hold", kept[0]["id"])["unchanged"] == 1
    done = asked(service, "queue", "delete", "--recipient", kept[1]["recipient"])
    assert done["edited"] == 1, done
    done = asked(service, "queue", "delete", *[one["id"] for one in kept[2:7]])
    assert done["edited"] == 5, done
    gone = ("queue", "show", kept[1]["id"], "--json")
    wait_until("its event is told", lambda: service.run(*gone, check=False).returncode == 0, LIMIT_S, 0.1)
    shown = json.loads(service.run(*gone).stdout)
    assert shown["record"] is None and shown["last_event"]["class"] == "deleted", shown
    return kept


def flush_until_delivered(service):
    """The receiver lets nobody in before two seconds; a flush asks at once, so it may take two of them."""
    done = asked(service, "queue", "flush", "--campaign", "ops", "--domain", "grey.test")
    assert done["edited"] == EACH, done

    def delivered():
        asked(service, "queue", "flush", "--campaign", "ops", "--domain", "grey.test")
        return service.campaign("ops")["delivered"] == 2 * EACH
    wait_until("what was made due is delivered", delivered, LIMIT_S, 1)


def restart_without_service(service):
    """What is asked while no service runs is answered from the store."""
    assert service.stop()[0] == 0
    done = service.run("queue", "list", "--domain", "kept.test", "--limit", "1000", "--json")
    assert "no service answers" in done.stderr, done.stderr
    assert len(json.loads(done.stdout)["records"]) == EACH - 6
    summary = asked(service, "queue", "summary")
    assert summary["queued"] == EACH - 6 and summary["held"] == 1, summary
    assert service.run("queue", "flush", "--all", check=False).returncode == 69
    service.start()


def scenario(scene):
    sink = scene.sink(personas=["plain", "greylist"])
    service = scene.service().unsigned("shop.test")
    service.route("free.test", sink.addresses["plain"]).route("kept.test", sink.addresses["plain"])
    service.route("grey.test", sink.addresses["greylist"])
    service.configure('[retry]\nladder = ["1h"]\ngreylist = ["1h"]')
    service.start()
    service.run("queue", "hold", "--domain", "kept.test")
    people = [f"r{number}@{domain}" for number in range(EACH) for domain in DOMAINS]
    campaign = scene.campaign("ops", [row(number, address) for number, address in enumerate(people)])
    service.run("send", str(campaign.path), "--detach")

    def settled():
        now = service.campaign("ops") or {"delivered": 0, "deferred": 0}
        return now["delivered"] == EACH and now["deferred"] == EACH
    wait_until("the free domain is delivered, the grey one put off", settled, LIMIT_S, 0.1)
    check_order(service)
    check_pages(service)
    check_shown(service)
    check_refusals(service)
    kept = work_on_records(service)
    flush_until_delivered(service)
    restart_without_service(service)
    assert len(records(service, "--domain", "kept.test")) == EACH - 6, "an order ends with no restart"

    service.run("queue", "release", "--domain", "kept.test")
    wait_until("what the order held is delivered",
               lambda: service.campaign("ops")["delivered"] == 3 * EACH - 7, LIMIT_S, 0.1)
    held = records(service)
    assert [(one["id"], one["state"]) for one in held] == [(kept[0]["id"], "held")], held
    assert asked(service, "queue", "release", kept[0]["id"])["edited"] == 1
    wait_until("the campaign is done", lambda: service.campaign("ops")["state"] == "done", LIMIT_S, 0.1)
    last = service.campaign("ops")
    check_balance(last)
    assert (last["delivered"], last["cancelled"]) == (3 * EACH - 6, 6), last
    service.stop()

    stats = sink.stop()
    assert (stats["unique"], stats["duplicates"]) == (3 * EACH - 6, 0), stats
    ledger = Ledger(read_events(service.data), "ops")
    ledger.check_exactly_once()
    cancelled = [event for event in ledger.finals.values() if event["event"] == "cancelled"]
    assert {event["class"] for event in cancelled} == {"deleted"}, cancelled[:2]
    put_off = {ledger.finals[message_id]["domain"] for message_id in ledger.deferrals}
    assert put_off == {"grey.test"}, f"an order or an edit cost attempts: {put_off}"
    assert ledger.check_sink(sink.deliveries()) == 0


if __name__ == "__main__":
    run(scenario)
