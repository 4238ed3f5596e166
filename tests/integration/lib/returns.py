"""What receivers send back, and the doors that take it."""
import http.client
import json
import re
import smtplib
import ssl

DOMAIN = "bounces.shop.test"
TIMEOUT_S = 60
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ONE_CLICK = "List-Unsubscribe=One-Click"


def samples(sink):
    """Token and header by the recipient's local part, as the receiver got them; of several mails the last."""
    found = {}
    for file in sorted(sink.samples.rglob("*")):
        text = file.read_text(errors="replace") if file.is_file() else ""
        token = re.search(r"^X-Return-Token: (\S+)", text, re.M)
        to = re.search(r"^To:.*?<([^>]+)>", text, re.M)
        if token and to:
            found[to[1].split("@")[0]] = (token[1], text[text.index("From:"):])
    return found


def report(token, who, action, status, said):
    """A delivery status notification that quotes nothing."""
    return (f"From: MAILER-DAEMON@ok.test\r\nTo: {token}@{DOMAIN}\r\nSubject: Delivery Status\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
            "\r\n--b\r\nContent-Type: text/plain\r\n\r\nAbout your mail.\r\n"
            "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.ok.test\r\n\r\n"
            f"Final-Recipient: rfc822; {who}\r\nAction: {action}\r\nStatus: {status}\r\n"
            f"Diagnostic-Code: smtp; {said}\r\n\r\n--b--\r\n")


def complaint(header, who):
    """An ARF report; without `who` a redacted one."""
    redacted = f"Original-Rcpt-To: <{who}>\r\n" if who else ""
    if not who:
        header = re.sub(r"(?im)^to:.*\r?\n", "", header)
    return (f"From: fbl@provider.test\r\nTo: fbl@{DOMAIN}\r\n"
            "Subject: complaint\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
            "--b\r\nContent-Type: text/plain\r\n\r\nAn abuse report.\r\n"
            "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: X/1\r\n"
            f"Version: 1\r\n{redacted}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{header}\r\n--b--\r\n")


def crlf(text):
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()


def unverified():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Door:
    """[bounce] listen."""

    def __init__(self, address, secure=False):
        self.host, _, self.port = address.rpartition(":")
        self.secure = secure

    def give(self, recipient, text, sender=""):
        with smtplib.SMTP(self.host, int(self.port), timeout=TIMEOUT_S) as client:
            if self.secure:
                client.starttls(context=unverified())
            client.sendmail(sender, [recipient], crlf(text))

    def refusal(self, recipient):
        """The code RCPT is refused with; 0 when it is taken."""
        try:
            self.give(recipient, "Subject: x\r\n\r\nx\r\n")
        except smtplib.SMTPRecipientsRefused as refused:
            return next(iter(refused.recipients.values()))[0]
        return 0


def ask(address, method, path, body=None, headers=(), secure=False):
    """An answer of [public] listen, and its body."""
    host, _, port = address.rpartition(":")
    if secure:
        client = http.client.HTTPSConnection(host, int(port), timeout=TIMEOUT_S, context=unverified())
    else:
        client = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT_S)
    client.request(method, path, body, dict(headers))
    answer = client.getresponse()
    page = answer.read().decode()
    client.close()
    return answer, page


def suppressed(service, domain="ok.test"):
    """The reason by local part."""
    done = service.run("suppress", "list", "--domain", domain, "--limit", "1000", "--json")
    rows = json.loads(done.stdout.splitlines()[-1])["suppressions"]
    return {one["subject"].split("@")[0]: one["entries"][0]["reason"] for one in rows}
