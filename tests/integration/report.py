#!/usr/bin/env python3
"""The report of a campaign that met everything: its numbers agree with the exact accounts, it shows what held
the mail, and it reads well in Chromium: wide, on a phone, light, dark and on paper, whatever they say."""
import json

from lib.browser import Browser, brightness
from lib.campaign import row
from lib.events import read_events
from lib.processes import wait_until
from lib.scenario import run

EACH = 60
PERSONAS = ["plain", "bounce", "greylist", "limited", "scripted", "full"]
LIMIT_S = 100
SUBJECT = r"'<script>document.title=1</script><img src=//evil.test/x> {{first_name}}'"


def sums(report, part, *names):
    return sum(one[name] for one in report[part] for name in names)


def check_numbers(report):
    counts = report["counts"]
    assert counts["balanced"], counts
    assert report["missing"] == {"finals": 0, "attempts": 0}, report["missing"]
    for part in ("providers", "over_time"):
        for name in ("delivered", "bounced", "expired", "in_doubt"):
            assert sums(report, part, name) == counts[name], (part, name, counts)
    assert sums(report, "providers", "deferrals") == counts["deferrals"], counts
    assert sums(report, "over_time", "deferred") == counts["deferrals"], counts
    kinds = {kind: sum(one["count"] for one in report["bounce_classes"] if one["kind"] == kind)
             for kind in ("bounced", "expired", "deferred")}
    assert kinds == {"bounced": counts["bounced"], "expired": counts["expired"],
                     "deferred": counts["deferrals"]}, (kinds, counts)


def check_against_feed(report, events):
    finals = [event for event in events if event.get("campaign") == "told" and event["event"] in
              ("delivered", "bounced", "expired")]
    for domain in report["domains"]["worst"]:
        at = [event["event"] for event in finals if event["domain"] == domain["domain"]]
        for name in ("delivered", "bounced", "expired"):
            assert at.count(name) == domain[name], (domain, name)
    failing = {event["domain"] for event in finals if event["event"] != "delivered"}
    assert {domain["domain"] for domain in report["domains"]["worst"]} == failing, failing
    assert report["domains"]["worst"][0]["domain"] == "scripted.test", report["domains"]["worst"]
    kinds = {throttle["kind"] for throttle in report["throttles"]}
    assert {"paused", "suspended", "backoff"} <= kinds, report["throttles"]
    ended = [throttle for throttle in report["throttles"] if throttle["kind"] in ("paused", "suspended")]
    assert all(throttle["until"] and throttle["until"] > throttle["from"] for throttle in ended), ended


def check_page(browser, page, counts):
    assert b"<script" not in page and b"<img" not in page
    seen = {}
    for width in (1200, 360):
        for dark in (False, True):
            found = browser.look(page, width, dark)
            assert found["width"] <= width and not found["cut"], (width, found["width"], found["cut"])
            assert found["scripts"] == 0 and "<script>" in found["text"]
            assert f"{counts['bounced']:,}" in found["text"], found["text"]
            for title in ("Attempts over time", "What held it back", "By provider", "worst rates",
                          "Why mail was not delivered", "Why attempts were put off"):
                assert title in found["text"], title
            back, ink = brightness(found["background"]), brightness(found["ink"])
            assert (back < 80 < ink) if dark else (back > 200 > ink), (dark, back, ink)
            seen[width] = found["height"]
            assert set(browser.asked) <= {"/frame", "/page", "/favicon.ico"}, browser.asked
    assert seen[360] > seen[1200], seen
    assert 1 <= browser.paper(page) <= 6
    assert set(browser.asked) <= {"/page", "/favicon.ico"}, browser.asked
    browser.picture(browser.serve(page), "report.png")


def send(scene, service):
    people = [f"r{number}@{persona}.test" for number in range(EACH) for persona in PERSONAS
              if persona != "scripted"]
    people += [f"say-{code}-5.7.1@scripted.test" for code in (550, 554)] + ["ok@scripted.test"]
    rows = [row(number, address) for number, address in enumerate(people)]
    campaign = scene.campaign("told", rows, {"subject": SUBJECT, "expire": '"15s"'})
    service.run("send", str(campaign.path), "--detach")
    wait_until("something was delivered", lambda: (service.campaign("told") or {}).get("delivered", 0) > 0,
               LIMIT_S, 0.1)
    service.run("source", "suspend", "b", "--cause", "listed <b>somewhere</b>")
    service.run("campaign", "pause", "told")
    service.run("campaign", "resume", "told")
    service.run("throttle", "set", "--domain", "plain.test", "--scale", "0.5", "--for", "5m")
    service.run("source", "resume", "b")
    wait_until("every recipient final", lambda: (service.campaign("told") or {}).get("state") == "done",
               LIMIT_S, 0.2)


def scenario(scene):
    browser = Browser(scene)
    sink = scene.sink(personas=PERSONAS)
    service = scene.service().unsigned("shop.test")
    for persona, address in sink.addresses.items():
        service.route(f"{persona}.test", address)
    service.configure('[retry]\nladder = ["1s", "1s", "2s", "2s", "4s"]\ngreylist = ["1s", "2s", "4s"]')
    service._text = service._text.replace('sources = ["a"]', 'sources = ["a", "b"]')
    service.configure('[[source]]\nname = "b"\naddress = "127.0.0.3"\nehlo = "b.shop.test"')
    service.start()
    send(scene, service)
    done = service.spool / "done" / "told"
    report = json.loads((done / "report.json").read_text())
    check_numbers(report)
    check_against_feed(report, read_events(service.data))
    now = json.loads(service.run("campaign", "report", "told", "--json").stdout)
    for part in ("counts", "providers", "over_time", "domains", "bounce_classes"):
        assert now[part] == report[part], part
    assert now["state"] == "done" and now["made"] >= report["made"]
    again = service.run("campaign", "report", "nobody", check=False)
    assert again.returncode != 0 and "no campaign" in again.stderr, again
    out = scene.folder / "now.html"
    service.run("campaign", "report", "told", "--out", str(out))
    check_page(browser, (done / "report.html").read_bytes(), report["counts"])
    assert "What held it back" in out.read_text()
    assert service.stop()[0] == 0


if __name__ == "__main__":
    run(scenario)
