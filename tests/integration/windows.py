#!/usr/bin/env python3
"""Starts and windows: nothing leaves before its time, waiting costs nothing, who asks is told when."""
import datetime
import json

from lib.campaign import HEADER, row
from lib.events import Ledger, check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

EACH = 60
LIMIT_S = 60
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
HOUR = datetime.timedelta(hours=1)


def clock(moment):
    return moment.strftime("%H:%M")


def rows_of(name):
    return [row(number, f"{name}{number}@d{number % 3}.test") for number in range(EACH)]


def delivered(service, campaign):
    return (service.campaign(campaign) or {"delivered": 0})["delivered"]


def local_campaign(scene, now):
    """Half the recipients live where it is now, half six hours ahead; the window is two hours wide."""
    campaign = scene.campaign("local", rows_of("l"), {
        "windows": f'["daily {clock(now - HOUR)}-{clock(now + HOUR)}"]', "time_zone": '"column:tz"'})
    zones = ["UTC", "Etc/GMT-6"]
    lines = [line + "," + zones[number % 2] for number, line in enumerate(campaign.rows)]
    (campaign.path / "recipients.csv").write_text("\n".join([HEADER + ",tz", *lines]) + "\n")
    return campaign


def check_local(service):
    """Who sleeps is put off without an attempt, until the window opens there."""
    listed = json.loads(service.run("queue", "list", "--campaign", "local", "--json").stdout)["records"]
    assert len(listed) == EACH // 2, len(listed)
    for one in listed:
        assert one["state"] == "deferred" and one["attempts"] == 0, one
        due = datetime.datetime.fromisoformat(one["due"].replace("Z", "+00:00"))
        wait = due - datetime.datetime.now(datetime.timezone.utc)
        assert 16 * HOUR < wait < 18 * HOUR, one


def check_shut(service):
    assert delivered(service, "shut") == 0
    shown = service.campaign("shut")
    assert shown["waits_for"].startswith("opens "), shown
    assert "opens " in service.run("campaign", "show", "shut").stdout
    listed = json.loads(service.run("queue", "list", "--campaign", "shut", "--json").stdout)["records"]
    assert {one["waits_for"] for one in listed} == {shown["waits_for"]}, listed[:2]
    assert {one["attempts"] for one in listed} == {0}


def scenario(scene):
    sink = scene.sink()
    service = scene.service().unsigned("shop.test").route("*", sink.address).start()
    now = datetime.datetime.now(datetime.timezone.utc)
    far = DAYS[(now + datetime.timedelta(days=3)).weekday()]
    starts = now + datetime.timedelta(seconds=6)
    campaigns = [
        local_campaign(scene, now),
        scene.campaign("shut", rows_of("s"), {"windows": f'["{far} 09:00-18:00"]',
                                              "time_zone": '"Europe/Berlin"', "expire": '"10d"'}),
        scene.campaign("later", rows_of("t"), {"start": starts.strftime("%Y-%m-%dT%H:%M:%SZ")}),
    ]
    for campaign in campaigns:
        service.run("send", str(campaign.path), "--detach")
    wait_until("it is expanded", lambda: (service.campaign("later") or {}).get("injected") == EACH, LIMIT_S)
    if datetime.datetime.now(datetime.timezone.utc) < starts:
        assert service.campaign("later")["waits_for"].startswith("starts "), service.campaign("later")
    wait_until("half of the local ones", lambda: delivered(service, "local") == EACH // 2, LIMIT_S)
    wait_until("the start has come", lambda: service.campaign("later")["state"] == "done", LIMIT_S)
    check_local(service)
    check_shut(service)

    assert service.stop()[0] == 0
    service.start()
    check_local(service)
    check_shut(service)
    for name in ("local", "shut"):
        service.run("campaign", "cancel", name)
        report = service.spool / "done" / name / "report.json"
        wait_until("its directory is done", report.exists, LIMIT_S, 0.05)
        check_balance(service.campaign(name))
    service.stop()

    stats = sink.stop()
    assert (stats["unique"], stats["duplicates"]) == (EACH + EACH // 2, 0), stats
    events = read_events(service.data)
    for name in ("local", "shut", "later"):
        ledger = Ledger(events, name)
        ledger.check_exactly_once()
        assert not ledger.deferrals, "waiting cost attempts"
    first = min(event["time"] for event in Ledger(events, "later").finals.values())
    first_time = datetime.datetime.fromisoformat(first.replace("Z", "+00:00"))
    assert first_time >= starts.replace(microsecond=0), first


if __name__ == "__main__":
    run(scenario)
