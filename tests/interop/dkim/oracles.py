"""Signs and renders with ours, reads with theirs (and the other way round).

oracles.py dkimpy|opendkim|email SIGN_TOOL

Exit 0: all agree; 1: somebody does not, printed; 77: the oracle's package is missing.
"""
import base64
import email
import email.policy
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

failures = []


def expect(good, text):
    if not good:
        failures.append(text)
        print("FAIL", text)


def skip(package):
    print(f"skipped: {package} is not installed")
    sys.exit(77)


def records_of(folder):
    lines = (folder / "records.txt").read_text().splitlines()
    return dict(line.split("\t", 1) for line in lines)


def tampered(mail):
    """What a signature must notice: (what, bytes)."""
    head, body = mail.split(b"\r\n\r\n", 1)
    yield "body", head + b"\r\n\r\n" + body.replace(b"e", b"i", 1)
    yield "subject", head.replace(b"\r\nSubject: ", b"\r\nSubject: x", 1) + b"\r\n\r\n" + body
    yield "second From", head.replace(b"\r\nFrom: ", b"\r\nFrom: a@b.test\r\nFrom: ", 1) + b"\r\n\r\n" + body
    yield "unsubscribe", head.replace(b"https://mail", b"https://evil", 1) + b"\r\n\r\n" + body


def check_dkimpy(tool, folder):
    try:
        import dkim
    except ImportError:
        skip("python3-dkim")
    records = records_of(folder)

    def dns(name, timeout=5):
        return records.get(name.decode().rstrip("."), "").encode() or None

    def verify(mail, index):
        try:
            return dkim.DKIM(mail).verify(idx=index, dnsfunc=dns)
        except dkim.DKIMException:
            return False

    files = sorted(folder.glob("*.eml"))
    expect(len(files) >= 21, "there are cases")
    for file in files:
        mail = file.read_bytes()
        count = 2 if ".both." in file.name else 1
        expect(mail.count(b"DKIM-Signature: ") == count, f"{file.name}: {count} signatures")
        for index in range(count):
            expect(verify(mail, index), f"dkimpy refuses {file.name}, signature {index}")
            for what, changed in tampered(mail):
                if changed != mail:
                    expect(not verify(changed, index), f"dkimpy passes {file.name} with a changed {what}")
    check_theirs(dkim, tool, folder)


def ours(tool, records, file):
    return subprocess.run([tool, "check", records, file], capture_output=True, text=True, check=True).stdout


def check_theirs(dkim, tool, folder):
    """dkimpy signs in every form, our verifier reads."""
    from nacl.signing import SigningKey
    seed = SigningKey.generate()
    rsa = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], capture_output=True,
                         check=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"], input=rsa,
                            capture_output=True, check=True).stdout
    theirs = folder / "theirs.txt"
    theirs.write_text("s._domainkey.other.test\tv=DKIM1; k=rsa; p=" + base64.b64encode(public).decode() + "\n"
                      "e._domainkey.other.test\tv=DKIM1; k=ed25519; p="
                      + base64.b64encode(bytes(seed.verify_key)).decode() + "\n")
    mail = (b"From: Ann <ann@other.test>\r\nTo:  b@example.test\r\nSUBJECT:  folded\r\n\t and  wide \r\n"
            b"Date: Tue, 25 Nov 2025 19:13:18 +0000\r\n\r\n"
            b"one  two\t\r\n \r\n.\r\n  three \t four\r\n\r\n\r\n")
    for header in (b"relaxed", b"simple"):
        for body in (b"relaxed", b"simple"):
            for algorithm, selector, key in ((b"rsa-sha256", b"s", rsa),
                                             (b"ed25519-sha256", b"e", base64.b64encode(bytes(seed)))):
                signature = dkim.sign(mail, selector, b"other.test", key, canonicalize=(header, body),
                                      signature_algorithm=algorithm)
                file = folder / "theirs.eml"
                what = f"{header.decode()}/{body.decode()} {algorithm.decode()}"
                file.write_bytes(signature + mail)
                said = ours(tool, theirs, file)
                expect(said.strip() == "pass", f"ours on dkimpy's {what}: {said}")
                file.write_bytes(signature + mail.replace(b"three", b"tree"))
                said = ours(tool, theirs, file)
                expect(said.startswith("fail the body"), f"ours on dkimpy's changed {what}: {said}")


def check_opendkim(tool, folder):
    program = shutil.which("opendkim", path="/usr/sbin:/usr/bin")
    if not program:
        skip("opendkim")
    (folder / "dns.txt").write_text("".join(f"{name} {text}\n" for name, text in records_of(folder).items()))
    config = folder / "opendkim.conf"
    config.write_text(f"Mode v\nTestDNSData file:{folder}/dns.txt\nSyslog no\nOn-BadSignature tempfail\n")

    def verify(file):
        ran = subprocess.run([program, "-x", config, "-t", file], capture_output=True, text=True)
        said = ran.stdout + ran.stderr
        return ran.returncode == 0 and "verification (s=" in said and "succeeded" in said, said

    changed_file = folder / "changed.eml"
    for file in sorted(folder.glob("*.rsa.eml")) + sorted(folder.glob("*.ed.eml")):
        good, said = verify(file)
        expect(good, f"OpenDKIM refuses {file.name}: {said}")
        for what, changed in tampered(file.read_bytes()):
            if changed == file.read_bytes():
                continue
            changed_file.write_bytes(changed)
            good, said = verify(changed_file)
            expect(not good, f"OpenDKIM passes {file.name} with a changed {what}: {said}")


def check_wire(name, mail):
    """Nothing a relay would have to touch."""
    expect(mail.endswith(b"\r\n"), f"{name}: ends with CRLF")
    expect(re.search(rb"(?<!\r)\n|\r(?!\n)", mail) is None, f"{name}: a bare CR or LF")
    expect(all(byte in (9, 10, 13) or 32 <= byte < 127 for byte in mail), f"{name}: not 7-bit")
    lines = mail.split(b"\r\n")
    expect(max(map(len, lines)) <= 998, f"{name}: a line of {max(map(len, lines))}")
    expect(not any(line.startswith(b".") for line in lines), f"{name}: a line starts with a dot")
    body = mail.split(b"\r\n\r\n", 1)[1].split(b"\r\n")
    expect(max(map(len, body)) <= 78, f"{name}: a body line of {max(map(len, body))}")


def lines_of(text):
    return re.sub(r"\r\n?", "\n", text)


def check_email(tool, folder):
    for file in sorted(folder.glob("*.both.eml")):
        number = file.name.split(".")[0]

        def expected(what):
            return (folder / f"{number}.{what}").read_bytes()

        check_wire(file.name, file.read_bytes())
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        defects = [defect for part in mail.walk() for defect in part.defects]
        expect(not defects, f"{file.name}: defects {defects}")
        expect(str(mail["subject"]) == expected("subject").decode(),
               f"{file.name}: subject {mail['subject']!r}")
        to = mail["to"].addresses[0]
        name = re.sub(r"\s+", " ", expected("name").decode())  # as the reader gives it
        expect(to.addr_spec == "ann@example.test" and to.display_name == name,
               f"{file.name}: to {mail['to']!r}")
        expect(mail["bcc"] is None, f"{file.name}: a Bcc appeared")
        expect(mail["message-id"] is not None and mail["date"].datetime.year == 2025,
               f"{file.name}: id and date")
        text = mail.get_body(("plain",))
        expect(lines_of(text.get_content()).rstrip("\n") == lines_of(expected("text").decode()).rstrip("\n"),
               f"{file.name}: text {text.get_content()!r}")
        html = mail.get_body(("html",))
        if expected("html"):
            want = lines_of(expected("html").decode()).rstrip("\n")
            expect(lines_of(html.get_content()).rstrip("\n") == want,
                   f"{file.name}: html {html.get_content()!r}")
        else:
            expect(html is None, f"{file.name}: html where there is none")
        mixed = mail.get_content_type() == "multipart/mixed"
        attachments = list(mail.iter_attachments()) if mixed else []
        expect(len(attachments) == len(list(folder.glob(f"{number}.attachment.*"))),
               f"{file.name}: attachments")
        for index, part in enumerate(attachments):
            expect(part.get_filename() == expected(f"filename.{index}").decode(),
                   f"{file.name}: filename {part.get_filename()!r}")
            expect(part.get_payload(decode=True) == expected(f"attachment.{index}"),
                   f"{file.name}: {index} differs")
        images = [part for part in mail.walk() if part.get_content_maintype() == "image"]
        expect(len(images) == len(list(folder.glob(f"{number}.image"))), f"{file.name}: images")
        for part in images:
            expect(part["content-id"] == "<logo.png>" and part.get_payload(decode=True) == expected("image"),
                   f"{file.name}: image")


def main():
    oracle, tool = sys.argv[1], sys.argv[2]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([tool, "make", folder], check=True)
        {"dkimpy": check_dkimpy, "opendkim": check_opendkim, "email": check_email}[oracle](tool, folder)
    print(f"{oracle}: {len(failures)} failures")
    sys.exit(1 if failures else 0)


main()
