#!/usr/bin/env python3
"""A campaign of 20,000 from directory to report: the books are exact, and what arrives is what was meant.

Among the rows are duplicates and rows that name nobody. Sampled messages are verified with dkimpy and
OpenDKIM and read with Python's email package.
"""
import email
import email.policy
import json
import re

from lib import opendkim
from lib.campaign import addresses, row
from lib.events import Ledger, check_balance, read_events
from lib.scenario import run

GOOD = 20_000
DUPLICATES = 25
INVALID = ["not-an-address", "@nobody.test", "two@@at.test", "space in@local.test", ""]
DOMAINS = ["gmail.test", "outlook.test", "mail-one.test", "mail-two.test", "b\u00fccher.test"]
SEND_LIMIT_S = 150


def rows():
    good = addresses(GOOD, DOMAINS)
    out = [row(number, address) for number, address in enumerate(good)]
    out += [row(number, good[number].upper() if number % 2 else good[number]) for number in range(DUPLICATES)]
    out += [row(number, address) for number, address in enumerate(INVALID)]
    return out


def json_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def check_results(folder, sent, counts):
    check_balance(counts)
    expected = {"read": GOOD + DUPLICATES + len(INVALID), "rejected": len(INVALID), "delivered": GOOD,
                "suppressed": DUPLICATES, "bounced": 0, "expired": 0, "cancelled": 0, "queued": 0}
    for name, value in expected.items():
        assert counts[name] == value, f"{name}: {counts[name]}, {value} expected ({counts})"
    report = json.loads((folder / "report.json").read_text())
    check_balance(report["counts"])
    for name, value in expected.items():
        assert report["counts"][name] == value, f"report {name}: {report['counts'][name]}, {value} expected"
    assert report["state"] == "done" and report["suppressed_by"] == {"duplicate": DUPLICATES}, report
    recipients = json_lines(folder / "recipients.jsonl")
    assert len(recipients) == GOOD + DUPLICATES, f"{len(recipients)} lines in recipients.jsonl"
    assert len({line["row"] for line in recipients}) == len(recipients), "a row twice in recipients.jsonl"
    delivered = {line["recipient"] for line in recipients if line["state"] == "delivered"}
    assert len(delivered) == GOOD, f"{len(delivered)} different addresses delivered"
    rejected = json_lines(folder / "rejected.jsonl")
    assert len(rejected) == len(INVALID) and all(line["reason"] for line in rejected), rejected
    assert (folder / "report.html").stat().st_size > 1000
    assert not sent.path.name.startswith("."), sent.path


def check_message(raw, keys):
    import dkim
    found = dkim.verify(raw, dnsfunc=lambda name, timeout=5: keys.get(name.decode().rstrip("."), "").encode())
    assert found, "dkimpy does not verify a sampled message"
    message = email.message_from_bytes(raw, policy=email.policy.default)
    defects = [defect for part in message.walk() for defect in part.defects]
    assert not defects, defects
    local = re.match(r"r(\d+)@", message["Delivered-To"] or message["To"].addresses[0].addr_spec)
    number = int(local[1])
    assert message["Subject"] == f"First{number}, autumn is in the harbour shop", message["Subject"]
    assert message["To"].addresses[0].display_name == f"Name {number}", message["To"]
    text = message.get_body(("plain",)).get_content()
    assert f"Hello First{number}," in text, text
    assert (f"You have {number % 900} points" in text) == bool(number % 2), text
    assert (f"YOUR VOUCHER: LEAF-{number}" in text) == (number % 5 == 0), text
    html = message.get_body(("html",)).get_content()
    assert f"First{number}" in html and "{{" not in html + text, html
    images = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert len(images) == 1 and f"cid:{images[0]['Content-ID'].strip('<>')}" in html, "the inline image"
    assert images[0].get_content().startswith(b"\x89PNG"), "the inline image's bytes"


def scenario(scene):
    sink = scene.sink(sample_every=500, threads=2)
    service = scene.service().sign("shop.test", "s1", "rsa").route("*", sink.address).start()
    campaign = scene.campaign("autumn", rows())
    sent = service.run("send", str(campaign.path), "--json", check=False, limit_s=SEND_LIMIT_S)
    # 1: finished with failures, here the rejected rows.
    assert sent.returncode == 1, f"send ended with {sent.returncode}: {sent.stdout[-2000:]}{sent.stderr}"
    folder = service.spool / "done" / "autumn"
    assert folder.is_dir() and not (service.spool / "active" / "autumn").exists(), "not moved to done/"
    check_results(folder, campaign, service.campaign("autumn"))
    code, _ = service.stop()
    assert code == 0, f"serve ended with {code}"
    ledger = Ledger(read_events(service.data), "autumn")
    ledger.check_exactly_once()
    assert not ledger.doubts, f"{len(ledger.doubts)} in doubt"
    delivered = next(event for event in ledger.finals.values() if event["event"] == "delivered")
    assert delivered["dkim"] == "shop.test/s1" and "contact_id" in delivered["meta"], delivered
    stats = sink.stop()
    assert (stats["unique"], stats["duplicates"]) == (GOOD, 0), stats
    assert ledger.check_sink(sink.deliveries()) == 0
    samples = sorted(sink.samples.glob("*.eml"))
    assert len(samples) >= GOOD // 500, f"{len(samples)} samples"
    for sample in samples:
        raw = sample.read_bytes()
        check_message(raw, service.keys)
    if opendkim.available():
        refused = opendkim.refusals(scene.folder / "opendkim", samples, service.keys)
        assert not refused, refused[:3]


if __name__ == "__main__":
    run(scenario)
