#!/usr/bin/env python3
"""What is wrong with a campaign is said where it was dropped: file, place, and what would be right.

Nothing of a rejected campaign is sent, nothing of it is lost, and names still being written are left alone.
"""
import gzip
import os
import pathlib

from lib.campaign import Campaign, addresses, row
from lib.processes import wait_until
from lib.scenario import run

LIMIT_S = 60
ROWS = [row(number, address) for number, address in enumerate(addresses(20, ["d.test"]))]


def break_toml(path):
    text = (path / "campaign.toml").read_text()
    (path / "campaign.toml").write_text(text + "\nthis is = = no TOML\n")


def unknown_key(path):
    text = (path / "campaign.toml").read_text()
    (path / "campaign.toml").write_text("subjekt = \"x\"\n" + text)


def without(key):
    def change(path):
        lines = (path / "campaign.toml").read_text().splitlines()
        kept = [line for line in lines if line.partition("=")[0].strip() != key]
        (path / "campaign.toml").write_text("\n".join(kept) + "\n")
    return change


def bad_template(path):
    (path / "template.html").write_text("<p>Hello\n{{#if first_name}} and no end</p>\n")


def link_outside(path):
    (path / "template.html").unlink()
    os.symlink("/etc/passwd", path / "template.html")


def no_list(path):
    (path / "recipients.csv").unlink()


def bomb(path):
    (path / "recipients.csv").unlink()
    with gzip.open(path / "recipients.csv.gz", "wb") as out:
        out.write(b"email\n" + b"a" * 200_000_000)
    text = (path / "campaign.toml").read_text().replace("recipients.csv", "recipients.csv.gz")
    (path / "campaign.toml").write_text(text)


def foreign_sender(path):
    text = (path / "campaign.toml").read_text().replace("news@shop.test", "news@elsewhere.test")
    (path / "campaign.toml").write_text(text)


# name, how it is broken, what reason.txt must say
CASES = [
    ("broken-toml", break_toml, ["campaign.toml:"]),
    ("unknown-key", unknown_key, ["campaign.toml:1", "subjekt", "subject"]),
    ("no-subject", without("subject"), ["campaign.toml", "`subject` is missing"]),
    ("no-postal-address", without("postal_address"), ["campaign.toml", "postal_address"]),
    ("bad-template", bad_template, ["template.html:2", "if"]),
    ("link-outside", link_outside, ["template.html"]),
    ("no-list", no_list, ["recipients.csv"]),
    ("foreign-sender", foreign_sender, ["elsewhere.test", "[[dkim]]", "[[sender]]"]),
]


def drop(scene, service, name, change):
    made = Campaign(scene.folder / "made", name, ROWS).write()
    change(made.path)
    target = service.spool / "incoming" / name
    os.rename(made.path, target)
    return target


def check_rejected(service, name, wanted):
    reason = service.spool / "rejected" / name / "reason.txt"
    wait_until(f"{name} is rejected", reason.exists, LIMIT_S)
    text = reason.read_text()
    for word in wanted:
        assert word in text, f"{name}: no {word!r} in reason.txt:\n{text}"
    assert (reason.parent / "campaign.toml").exists(), f"{name}: its files are gone"
    assert not (service.spool / "incoming" / name).exists()
    assert service.campaign(name) is None, f"{name} is known though it was rejected"


def same_id_twice(scene, service):
    drop(scene, service, "once", lambda path: None)
    wait_until("sent", lambda: (service.campaign("once") or {}).get("state") == "done", LIMIT_S, 0.1)
    drop(scene, service, "once", lambda path: None)

    def rejected():
        return [path for path in (service.spool / "rejected").glob("once*/reason.txt")]
    found = wait_until("the second one is refused", rejected, LIMIT_S)
    assert "once" in found[0].read_text()


def left_alone(scene, service):
    names = [".hidden", "half.tmp", "half.part"]
    for name in names:
        made = Campaign(scene.folder / "made", name, ROWS).write()
        os.rename(made.path, service.spool / "incoming" / name)
    return [service.spool / "incoming" / name for name in names]


def compressed_bomb(scene, service):
    """It passes as a list at first; the rows that are none end it, and it takes no memory worth the name."""
    drop(scene, service, "bomb", bomb)
    places = [service.spool / "rejected" / "bomb", service.spool / "failed" / "bomb"]
    wait_until("the bomb is refused", lambda: any(place.exists() for place in places), LIMIT_S)
    status = pathlib.Path(f"/proc/{service.child.process.pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak < 400_000, f"{peak} KiB resident"


def scenario(scene):
    sink = scene.sink()
    service = scene.service().unsigned("shop.test").route("*", sink.address).start()
    ignored = left_alone(scene, service)
    for name, change, wanted in CASES:
        drop(scene, service, name, change)
        check_rejected(service, name, wanted)
    same_id_twice(scene, service)
    compressed_bomb(scene, service)
    assert all(path.exists() for path in ignored), "a name that is still being written was taken"
    assert service.stop()[0] == 0
    assert sink.stop()["unique"] == len(ROWS), "only the one good campaign is sent, once"


if __name__ == "__main__":
    run(scenario)
