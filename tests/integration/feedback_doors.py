#!/usr/bin/env python3
"""The ways back: STARTTLS and HTTPS, a maildir others deliver into, files an operator brings; one tenant's
token says nothing about another's mail; a backup holds the keys."""
import json
import pathlib
import ssl
import stat
import subprocess
from http.client import HTTPException

from lib.campaign import row
from lib.events import Ledger, read_events
from lib.processes import wait_until
from lib.returns import DOMAIN, FORM, ONE_CLICK, Door, ask, complaint, crlf, report, samples, suppressed
from lib.scenario import run, skip

LIMIT_S = 60
NAMES = ["plain", "secure", "dropped", "plains", "filed", "told", "late", "stays"]


def until(what, condition):
    wait_until(what, condition, LIMIT_S, 0.1)


def certificate(folder):
    """(certificate, key) signed by itself."""
    cert, key = folder / "door.crt", folder / "door.key"
    try:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-days", "2", "-subj", f"/CN={DOMAIN}", "-keyout", str(key),
                        "-out", str(cert)], check=True, capture_output=True, timeout=LIMIT_S)
    except FileNotFoundError:
        skip("openssl is not installed")
    key.chmod(0o600)
    return cert, key


def send(scene, service, name, people, tenant="default"):
    rows = [row(n, address) for n, address in enumerate(people)]
    settings = (("tenant", f'"{tenant}"'), ("id", f'"{name}"'))
    service.run("send", str(scene.campaign(name, rows, settings).path), "--detach")
    ledger = lambda: Ledger(read_events(service.data), name)  # noqa: E731
    until(f"{name} is done", lambda: len(ledger().finals) == len(people))
    return ledger()


def secured(service, mail):
    """What was sent in the clear on both doors is taken under TLS."""
    token = mail["secure"][0]
    Door(service.address("bounce"), secure=True).give(
        f"{token}@{DOMAIN}", report(token, "secure@ok.test", "failed", "5.1.1", "550 5.1.1 User unknown"))
    pages = service.address("public")
    answer, page = ask(pages, "GET", f"/u/{mail['plain'][0]}", secure=True)
    assert answer.status == 200 and "<form" in page, page
    answer, _ = ask(pages, "POST", f"/u/{mail['plain'][0]}", ONE_CLICK, FORM, secure=True)
    assert answer.status == 200
    try:
        ask(pages, "GET", "/")
    except (OSError, HTTPException):
        pass
    else:
        raise AssertionError("plain HTTP was answered where HTTPS is served")


def dropped(service, maildir, mail):
    """Files in `new` are taken and moved to `cur`; what is no report, too; nothing is lost."""
    def drop(name, text):
        (maildir / "tmp" / name).write_bytes(crlf(text))
        (maildir / "tmp" / name).rename(maildir / "new" / name)
    until("the maildir is made", lambda: (maildir / "tmp").is_dir())
    token = mail["dropped"][0]
    drop("1.hard", report(token, "dropped@ok.test", "failed", "5.1.1", "550 5.1.1 User unknown"))
    drop("2.fbl", complaint(mail["plains"][1], None))
    drop("3.letter", "From: ann@elsewhere.test\r\nTo: me@elsewhere.test\r\nSubject: Hi\r\n\r\nHello\r\n")
    drop("4.stranger", report("x", "stays@ok.test", "failed", "5.1.1", "550 5.1.1 User unknown"))
    (maildir / "new" / "5.folder").mkdir()
    until("all are moved", lambda: not list((maildir / "new").iterdir()))
    assert {file.name for file in (maildir / "cur").iterdir()} == {
        "1.hard:2,S", "2.fbl:2,S", "3.letter:2,S", "4.stranger:2,S", "5.folder:2,F"}


def filed(service, folder, mail):
    """`feedback --apply`: proven by a token, or believed on demand."""
    box = folder / "mbox"
    token = mail["filed"][0]
    parts = [report(token, "filed@ok.test", "failed", "5.1.1", "550 5.1.1 User unknown"),
             report("x", "late@ok.test", "failed", "5.1.1", "550 5.1.1 User unknown"),
             report("x", "stays@ok.test", "failed", "5.7.1", "550 5.7.1 Refused by policy")]
    box.write_text("".join("From x@y Thu Nov 26 10:00:00 2026\n" + text.replace("\r\n", "\n") + "\n"
                           for text in parts))

    def applied(*more):
        done = service.run("feedback", str(box), "--apply", "--json", *more)
        return [(one["what"], one["recipient"], one["proven"])
                for one in map(json.loads, done.stdout.splitlines())]
    assert applied() == [("returned", "filed@ok.test", True), ("unknown", "", False),
                         ("unknown", "", False)], applied()
    assert "late" not in suppressed(service)
    assert applied("--trust-recipients") == [("repeated", "filed@ok.test", True),
                                             ("trusted", "late@ok.test", False),
                                             ("nothing", "stays@ok.test", False)], "trusted"
    assert service.run("feedback", str(box), "--trust-recipients", check=False).returncode == 64


def tenants_apart(scene, service, sink):
    """One address, two tenants: whoever leaves one still gets the other's mail."""
    send(scene, service, "ours", ["both@ok.test"])
    ours = samples(sink)["both"][0]
    send(scene, service, "theirs", ["both@ok.test"], "other")
    answer, _ = ask(service.address("public"), "POST", f"/u/{ours}", "scope=all", FORM, secure=True)
    assert answer.status == 200
    ended = send(scene, service, "ours2", ["both@ok.test"])
    assert ended.counts()["suppressed"] == 1, ended.counts()
    ended = send(scene, service, "theirs2", ["both@ok.test"], "other")
    assert ended.counts()["delivered"] == 1, ended.counts()


def renewed(service, cert, key, folder):
    """What is in the files after a reload is shown; what cannot be used changes nothing."""
    host, port = service.address("public").rsplit(":", 1)
    shown = lambda: ssl.get_server_certificate((host, int(port))).strip()  # noqa: E731
    before = cert.read_text().strip()
    assert shown() == before
    (folder / "renewed").mkdir()
    fresh, fresh_key = certificate(folder / "renewed")
    cert.write_bytes(fresh.read_bytes())
    refused = service.run("reload", check=False)
    assert refused.returncode != 0 and str(key) in refused.stderr, refused
    assert shown() == before
    key.write_bytes(fresh_key.read_bytes())
    service.run("reload")
    assert shown() == fresh.read_text().strip() != before


def kept(service, folder):
    backup = folder / "backup"
    service.run("store", "backup", str(backup))
    keys = backup / "return_tokens.keys"
    assert keys.read_bytes() == (service.data / "return_tokens.keys").read_bytes()
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600, oct(keys.stat().st_mode)


def scenario(scene):
    cert, key = certificate(scene.folder)
    sink = scene.sink(sample_every=1)
    maildir = pathlib.Path(scene.folder) / "Maildir"
    service = scene.service().unsigned("shop.test").route("*", sink.address)
    service.configure(f'''[[sender]]
tenant = "other"
from_domains = ["shop.test"]
[bounce]
domain = "{DOMAIN}"
listen = "127.0.0.1:0"
cert_file = "{cert}"
key_file = "{key}"
maildir = "{maildir}"
[public]
listen = "127.0.0.1:0"
url = "https://mail.shop.test"
cert_file = "{cert}"
key_file = "{key}"''').start()
    send(scene, service, "first", [f"{who}@ok.test" for who in NAMES])
    mail = samples(sink)
    secured(service, mail)
    dropped(service, maildir, mail)
    filed(service, scene.folder, mail)
    wanted = {"plain": "unsubscribed", "secure": "invalid-recipient", "dropped": "invalid-recipient",
              "plains": "complaint", "filed": "invalid-recipient", "late": "invalid-recipient"}
    until("the feed has it all", lambda: len(suppressed(service)) >= len(wanted))
    assert suppressed(service) == wanted, suppressed(service)
    tenants_apart(scene, service, sink)
    renewed(service, cert, key, scene.folder)
    kept(service, scene.folder)
    assert service.stop()[0] == 0
    stopped = service.run("feedback", str(scene.folder / "mbox"), "--apply", check=False)
    assert stopped.returncode == 69, (stopped.returncode, stopped.stderr)


if __name__ == "__main__":
    run(scenario)
