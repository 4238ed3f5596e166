#!/usr/bin/env python3
"""The inbox of `sluice sink`: what would have been sent, seen in Chromium and as JSON; and what a message's
HTML may do there: nothing."""
import json
import smtplib
import urllib.error
import urllib.request

from lib.browser import Browser, brightness
from lib.campaign import row
from lib.processes import wait_until
from lib.scenario import run

RECIPIENTS = 120
LIMIT_S = 60
HOSTILE = """From: "<script>top.x=1</script>" <eve@evil.test>\r
To: you@plain.test\r
Subject: <img src=x onerror=alert(1)> "quoted"\r
MIME-Version: 1.0\r
Content-Type: text/html; charset=utf-8\r
\r
<html><head><meta http-equiv=refresh content="0;url=http://127.0.0.1:%d/refreshed">
<link rel=stylesheet href="http://127.0.0.1:%d/style.css">
<style>@import "http://127.0.0.1:%d/import.css"; body{background:url(http://127.0.0.1:%d/b.png)}</style>
</head>
<body><h1 id=h>Hostile</h1><img src="http://127.0.0.1:%d/pixel.png">
<script>document.getElementById("h").textContent="RAN"; parent.location="http://127.0.0.1:%d/top"</script>
<iframe src="http://127.0.0.1:%d/frame"></iframe>
<form action="http://127.0.0.1:%d/form"><button autofocus onfocus="this.form.submit()">x</button></form>
</body></html>\r
"""


def get(inbox, path, host=None):
    request = urllib.request.Request(inbox + path, headers={"Host": host} if host else {})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read(), answer.headers


def messages(inbox):
    """All that are kept, page by page."""
    found, before = [], 0
    while True:
        answer = json.loads(get(inbox, f"/v1/messages?before={before}")[0])
        found += answer["messages"]
        before = answer.get("next")
        if not before:
            return found


def check_signed(inbox, number, address):
    message = json.loads(get(inbox, f"/v1/messages/{number}")[0])
    assert message["recipients"] == [address], message["recipients"]
    assert [one["result"] for one in message["dkim"]] == ["pass"], message["dkim"]
    assert message["dkim"][0]["domain"] == "shop.test"
    assert "<html" in message["html"].lower() and message["text"], message
    names = {field["name"] for field in message["header"]}
    assert {"dkim-signature", "list-unsubscribe", "message-id", "subject"} <= names, names
    source, headers = get(inbox, f"/message/{number}/source")
    assert b"DKIM-Signature:" in source and "attachment" in headers["Content-Disposition"]
    frame, headers = get(inbox, f"/message/{number}/html")
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'") and "allow-" not in policy, policy
    assert headers["X-Content-Type-Options"] == "nosniff" and b"<html" in frame.lower()


def check_refusals(inbox):
    for path, host, code in (("/", "evil.test", 403), ("/message/999999", None, 404),
                             ("/message/x", None, 404),
                             ("/v1/messages/1", "evil.test:80", 403), ("/nothing", None, 404)):
        try:
            get(inbox, path, host)
            raise AssertionError(f"{path} was answered")
        except urllib.error.HTTPError as error:
            assert error.code == code, (path, error.code)


def look(browser, inbox):
    for path, words in (("/", ["Inbox", "messages received", "Older"]),
                        ("/message/1", ["DKIM", "pass", "MAIL FROM"]),
                        ("/message/1?show=text", ["Harbour"]),
                        ("/message/1?show=header", ["dkim-signature"]),
                        ("/message/1?show=source", ["DKIM-Signature:"])):
        page = get(inbox, path)[0]
        whole = path in ("/", "/message/1")
        for width in (1200, 360) if whole else (360,):
            for dark in (False, True) if whole else (False,):
                found = browser.look(page, width, dark)
                assert found["width"] <= width and not found["cut"], (path, width, found["cut"])
                assert all(word in found["text"] for word in words), (path, found["text"][:500])
                assert found["scripts"] == 0
                back = brightness(found["background"])
                assert back < 80 if dark else back > 200, (path, dark, found["background"])


def check_hostile(browser, inbox, number):
    """The page and the frame as the sink itself serves them; our own server would see whatever they load."""
    browser.dom(browser.serve(get(inbox, f"/message/{number}/html")[0]))
    assert "/pixel.png" in browser.asked, f"without the sink's policy it would load: {browser.asked}"
    browser.serve(b"")
    dom = browser.dom(f"{inbox}/message/{number}")
    assert "<iframe sandbox=" in dom and "&lt;img src=x onerror=" in dom and "<script" not in dom, dom[:2000]
    shown = browser.dom(f"{inbox}/message/{number}/html")
    assert "Hostile" in shown and "RAN</h1>" not in shown, shown
    browser.picture(f"{inbox}/message/{number}", "hostile.png")
    assert browser.asked == [], f"the message loaded {browser.asked}"


def scenario(scene):
    browser = Browser(scene)
    service = scene.service().sign().configure('[public]\nurl = "https://mail.shop.test"')
    service.config.write_text(service._text)
    sink = scene.sink(inbox=True, config=service.config)
    service.route("*", sink.address).start()
    people = [f"r{number}@plain.test" for number in range(RECIPIENTS)]
    campaign = scene.campaign("seen", [row(number, address) for number, address in enumerate(people)])
    service.run("send", str(campaign.path), "--detach")
    wait_until("every recipient final", lambda: (service.campaign("seen") or {}).get("state") == "done",
               LIMIT_S, 0.1)
    kept = messages(sink.inbox)
    assert sorted(one["recipients"][0] for one in kept) == sorted(people)
    assert [one["number"] for one in kept] == list(range(RECIPIENTS, 0, -1))
    check_signed(sink.inbox, kept[0]["number"], kept[0]["recipients"][0])
    found = json.loads(get(sink.inbox, "/v1/messages?about=R7%40PLAIN")[0])["messages"]
    assert [one["recipients"] for one in found] == [["r7@plain.test"]], found
    check_refusals(sink.inbox)
    look(browser, sink.inbox)
    host, _, port = sink.address.rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=20) as client:
        text = HOSTILE % ((browser.server.server_port,) * HOSTILE.count("%d"))
        client.sendmail("eve@evil.test", ["you@plain.test"], text)
    check_hostile(browser, sink.inbox, RECIPIENTS + 1)
    assert service.stop()[0] == 0
    assert sink.stop()["messages"] == RECIPIENTS + 1


if __name__ == "__main__":
    run(scenario)
