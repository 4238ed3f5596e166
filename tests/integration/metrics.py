#!/usr/bin/env python3
"""/metrics after a run with every kind of receiver: its counters are the feed's, promtool finds nothing in
it, and every metric of the catalogue is there, but those of STILL
(tests/monitoring/every_metric.py makes each move)."""
import collections
import os
import pathlib
import re
import shutil
import smtplib
import subprocess

from lib.campaign import row
from lib.events import read_events
from lib.processes import wait_until
from lib.scenario import run
from lib.scrape import Page, fetch

ROOT = pathlib.Path(__file__).resolve().parents[2]
EACH = 60
DUPLICATES = 7
LISTED = "listed@plain.test"
SUBMITTED = 5
LIMIT_S = 100
PERSONAS = ["plain", "greylist", "limited", "bounce", "flaky", "tls-required"]
STILL = {
    "sluice_in_doubt_total", "sluice_expired_total", "sluice_returned_total", "sluice_complaints_total",
    "sluice_unsubscribes_total", "sluice_inbound_total", "sluice_backoff_active", "sluice_dns_seconds",
    "sluice_webhook_requests_total", "sluice_webhook_events_total", "sluice_webhook_gap_events_total",
    "sluice_webhook_disabled", "sluice_reports_total", "sluice_campaign_eta_seconds",
    "sluice_certificate_expiry_timestamp_seconds",
}


def by(events, kind, *names):
    return collections.Counter(tuple(event.get(name, "") or other for name, other in names)
                               for event in events if event["event"] == kind)


def check_counters(page, events):
    provider, category = ("provider", "other"), ("class", "none")
    for kind in ("delivered", "deferred", "bounced"):
        for (name, label), count in by(events, kind, provider, category).items():
            got = page.sum(f"sluice_{kind}_total", provider=name, **{"class": label})
            assert got == count, f"{kind} {name} {label}: {got} counted, {count} in the feed"
        total = sum(event["event"] == kind for event in events)
        assert page.sum(f"sluice_{kind}_total") == total, kind
    for kind, count in collections.Counter(event["event"] for event in events).items():
        assert page.sum("sluice_events_total", event=kind) == count, kind
    kinds = ("delivered", "deferred", "bounced", "in_doubt")
    attempts = [event for event in events if event["event"] in kinds]
    assert page.sum("sluice_attempts_total") == len(attempts)
    assert page.sum("sluice_replies_total") == sum("reply" in event for event in attempts)
    delivered = page.sum("sluice_delivered_total")
    assert page.sum("sluice_time_in_queue_seconds_count") == delivered
    assert page.sum("sluice_suppressed_total", reason="duplicate") == DUPLICATES
    listed = [event["reason"] for event in events if event.get("recipient") == LISTED]
    assert len(listed) == 1 and page.sum("sluice_suppressed_total", reason=listed[0]) == 1, listed
    assert page.sum("sluice_accepted_total", door="spool") == EACH * len(PERSONAS) + DUPLICATES + 1
    assert page.sum("sluice_accepted_total", door="smtp") == SUBMITTED
    assert page.sum("sluice_events_dropped_total") == 0


def check_sending(page):
    assert page.sum("sluice_messages_per_connection_count") > 0
    for stage in ("connect", "ehlo", "starttls", "data", "dot"):
        assert page.sum("sluice_smtp_stage_seconds_count", stage=stage) > 0, stage
    assert page.sum("sluice_tls_sessions_total", result="full") > 0
    assert page.sum("sluice_tls_sessions_total", result="plain") > 0
    assert page.sum("sluice_dkim_sign_seconds_count") > 0
    assert page.sum("sluice_commit_seconds_count") > 0
    assert page.sum("sluice_queue_recipients") == 0
    assert page.sum("sluice_outbox_lag") == 0
    assert page.sum("sluice_ready") == 1
    assert page.sum("sluice_config_generation") == 2, "after one reload"
    assert page.sum("sluice_door_refused_total", reason="message") == 1


def check_limits(page, waiting, service, http):
    assert max(waiting) > 0 and page.sum("sluice_throttle_limited") == 0, waiting
    assert page.sum("sluice_source_suspended", source="b", reason="operator") == 1
    used = page.sum("sluice_warmup_used", source="young")
    assert page.sum("sluice_warmup_quota", source="young") == 50 and 0 < used <= 50, used
    assert page.sum("sluice_warmup_held", source="young") == 0
    service.run("source", "resume", "b")
    after = Page(fetch(http))
    assert after.sum("sluice_source_suspended") == 0


def check_catalogue(families):
    known = set(re.findall(r'"((?:sluice|process)_[a-z_]+)"', (ROOT / "metrics/catalog.hpp").read_text()))
    assert families <= known, families - known
    assert known - families == STILL & (known - families), sorted(known - families - STILL)


def check_by_promtool(text):
    if not shutil.which("promtool"):
        return
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr


def submit(line):
    host, _, port = line.strip().removeprefix("smtp=").rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=20) as client:
        for number in range(SUBMITTED):
            client.sendmail("app@shop.test", [f"t{number}@plain.test"],
                            "From: app@shop.test\r\nTo: you@plain.test\r\nSubject: s\r\n\r\nBody\r\n")
        try:
            client.sendmail("app@shop.test", ["t@plain.test"], "From: someone@elsewhere.test\r\n\r\nBody\r\n")
            raise AssertionError("mail from a domain nobody lists was taken")
        except smtplib.SMTPDataError:
            pass


def scenario(scene):
    sink = scene.sink(personas=PERSONAS)
    service = scene.service().sign()
    for persona, address in sink.addresses.items():
        service.route(f"{persona}.test", address)
    service.configure('[retry]\nladder = ["1s", "1s", "2s", "2s", "4s"]\ngreylist = ["1s", "2s", "4s"]')
    service.configure('[delivery]\nidle = "1s"')
    service.configure('[http]\nlisten = "127.0.0.1:0"')
    service.configure('[[listener]]\nlisten = "127.0.0.1:0"\ntrusted_networks = ["127.0.0.0/8"]')
    service.configure('[[policy]]\nname = "slow"\nmatch = { domain = "plain.test" }\n'
                      'message_rate = "4/s burst 1"')
    service._text = service._text.replace('sources = ["a"]', 'sources = ["a", "b", "young"]')
    for name, host, more in (("b", "127.0.0.3", ""), ("young", "127.0.0.4", 'warmup = "50, 100"')):
        service.configure(f'[[source]]\nname = "{name}"\naddress = "{host}"\nehlo = "{name}.shop.test"')
        service.configure(more)
    service.start()
    service.run("source", "suspend", "b", "--cause", "a test")
    service.run("suppress", "add", LISTED)
    http = service.child.line_that(lambda line: "http=" in line).partition("=")[2].strip()
    submit(service.child.line_that(lambda line: line.strip().startswith("smtp=")))
    people = [f"r{number}@{persona}.test" for number in range(EACH) for persona in PERSONAS]
    people += people[:DUPLICATES] + [LISTED]
    campaign = scene.campaign("measured", [row(number, address) for number, address in enumerate(people)])
    service.run("send", str(campaign.path), "--detach")
    seen, waiting = set(), []

    def done():
        page = Page(fetch(http))
        seen.update(page.families())
        waiting.append(page.sum("sluice_throttle_limited", policy="slow"))
        return (service.campaign("measured") or {}).get("state") == "done"

    wait_until("every recipient final", done, LIMIT_S, 0.1)
    service.run("reload")

    def settled():
        page = Page(fetch(http))
        return (page.sum("sluice_outbox_lag") == 0 and page.sum("sluice_connections") == 0
                and page.sum("sluice_queue_recipients") == 0 and page.sum("sluice_events_total") > 0)

    wait_until("everything exported", settled, 30, 0.1)
    events = read_events(service.data)
    text = fetch(http)
    page = Page(text)
    check_counters(page, events)
    check_sending(page)
    check_limits(page, waiting, service, http)
    assert len(page.samples) < 20_000
    check_by_promtool(text)
    check_catalogue(seen | page.families())
    assert fetch(http, "/healthz") == "ok\n" and fetch(http, "/readyz") == "ready\n"
    code, _ = service.stop()
    assert code == os.EX_OK, code


if __name__ == "__main__":
    run(scenario)
