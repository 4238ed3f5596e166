#!/usr/bin/env python3
"""Submission by SMTP: what is answered 250 is kept and sent on unchanged, what must be refused is refused."""
import json
import re
import smtplib
import socket
import ssl
import subprocess

from lib.processes import wait_until
from lib.scenario import run

LIMIT_S = 60
TEXT = ("From: Shop <orders@shop.test>\r\nTo: you@d.test\r\nSubject: Order 1\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n"
        "Thank you.\r\n..a line with two dots\r\n.\u00fc and one with one\r\n").encode()
PEOPLE = [f"r{number}@d{number % 3}.test" for number in range(7)]


def listeners(service, folder):
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=submit.test", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    service.configure(f'''[retry]
in_doubt_delay = "1s"
[[listener]]
listen = "127.0.0.1:0"
trusted_networks = ["127.0.0.0/8"]
message_size = "1 MiB"
starttls = "optional"
cert_file = "{certificate}"
key_file = "{key}"
[[listener]]
listen = "127.0.0.2:0"
trusted_networks = ["192.0.2.0/24"]''')


def doors(service):
    """(trusted, untrusted) as (address, port)."""
    def address(line):
        host, _, port = line.strip().removeprefix("smtp=").rpartition(":")
        return host, int(port)
    return [address(service.child.line_that(lambda line: line.strip().startswith("smtp="))) for _ in range(2)]


def submit(at, recipients, content, sender="orders@shop.test"):
    """The text of the 250."""
    with smtplib.SMTP(*at, timeout=LIMIT_S) as client:
        client.ehlo()
        assert client.mail(sender, ["body=8bitmime"])[0] == 250
        for recipient in recipients:
            code, text = client.rcpt(recipient)
            assert code == 250, (code, text)
        code, text = client.data(content)
        assert code == 250, (code, text)
        return text.decode()


def raw_answers(at, *pieces):
    """The replies to pieces sent one after the other, each a list of lines."""
    out = []
    with socket.create_connection(at, LIMIT_S) as connection:
        reader = connection.makefile("rb")

        def reply():
            lines = []
            while True:
                line = reader.readline()
                if not line:
                    return lines
                lines.append(line.decode().rstrip("\r\n"))
                if line[3:4] == b" ":
                    return lines
        reply()
        for piece in pieces:
            connection.sendall(piece)
            out.append(reply())
    return out


def what_is_announced(at):
    with smtplib.SMTP(*at, timeout=LIMIT_S) as client:
        client.ehlo()
        for name in ("pipelining", "8bitmime", "smtputf8", "enhancedstatuscodes", "starttls"):
            assert client.has_extn(name), f"{name} is not announced: {client.esmtp_features}"
        assert client.esmtp_features["size"] == str(1 << 20), client.esmtp_features
        context = ssl._create_unverified_context()
        assert client.starttls(context=context)[0] == 220
        client.ehlo()
        assert not client.has_extn("starttls"), "offered again inside TLS"


def what_is_refused(trusted, untrusted):
    opening = [b"EHLO client.test\r\n", b"MAIL FROM:<orders@shop.test>\r\n", b"RCPT TO:<you@d.test>\r\n"]
    answer = raw_answers(untrusted, *opening)[-1][0]
    assert answer.startswith("550 5.7.1"), f"a stranger may relay: {answer}"
    answer = raw_answers(trusted, opening[0], b"MAIL FROM:<orders@shop.test> SIZE=2000000\r\n")[-1][0]
    assert answer.startswith("552"), f"announced too large: {answer}"
    with smtplib.SMTP(*trusted, timeout=LIMIT_S) as client:
        client.ehlo()
        client.mail("orders@shop.test")
        client.rcpt("you@d.test")
        assert client.data(TEXT + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 20_000)[0] == 552
    for broken in (b"From: o@shop.test\r\n\r\nbare\nline feed\r\n.\r\n",
                   b"From: o@shop.test\r\n\r\nbare\rreturn\r\n.\r\n",
                   b"From: o@shop.test\r\n\r\nsmuggled\n.\r\nMAIL FROM:<x@shop.test>\r\n.\r\n"):
        answer = raw_answers(trusted, *opening, b"DATA\r\n", broken)[-1][0]
        assert answer[0] == "5", f"{broken}: {answer}"
    looping = b"Received: from a by b; Thu, 26 Nov 2026 00:00:00 +0000\r\n" * 60 + TEXT
    looping = looping.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    answer = raw_answers(trusted, *opening, b"DATA\r\n", looping)[-1][0]
    assert answer.startswith("554 5.4.6"), f"a loop is not seen: {answer}"
    foreign = TEXT.replace(b"orders@shop.test", b"orders@elsewhere.test").replace(b"\r\n.", b"\r\n..")
    answer = raw_answers(trusted, *opening, b"DATA\r\n", foreign + b".\r\n")[-1]
    assert answer[0].startswith("550 5.7.1") and "elsewhere.test" in " ".join(answer), answer


def check_samples(sink):
    """Each received message is what was submitted, with one Received field of ours above it."""
    samples = sorted(sink.samples.glob("*.eml"))
    assert samples
    for sample in samples:
        raw = sample.read_bytes()
        assert raw.endswith(TEXT), f"{sample} is not what was submitted:\n{raw.decode(errors='replace')}"
        above = raw[:-len(TEXT)].decode()
        assert re.search(r"^Received: from ", above, re.M), above


def scenario(scene):
    sink = scene.sink(sample_every=1)
    service = scene.service().unsigned("shop.test").route("*", sink.address)
    listeners(service, scene.folder)
    service.start()
    trusted, untrusted = doors(service)
    what_is_announced(trusted)
    what_is_refused(trusted, untrusted)
    said = submit(trusted, PEOPLE, TEXT)
    assert re.search(r"[0-9a-z]{26}", said), f"no id in {said!r}"
    last = submit(trusted, ["last@d.test"], TEXT)  # and the process is gone the moment it is answered
    service.kill()
    service.start()
    doors(service)
    expected = len(PEOPLE) + 1

    def queued():
        return json.loads(service.run("queue", "summary", "--json").stdout)["queued"]
    wait_until("all sent on", lambda: queued() == 0, LIMIT_S, 0.1)
    assert service.stop()[0] == 0
    stats = sink.stop()
    assert stats["unique"] == expected, f"{stats['unique']} of {expected} after {last!r}"
    received = {recipient for _, recipient, _ in sink.deliveries()}
    assert received == set(PEOPLE) | {"last@d.test"}, received
    check_samples(sink)


if __name__ == "__main__":
    run(scenario)
