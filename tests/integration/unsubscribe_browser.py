#!/usr/bin/env python3
"""The unsubscribe page in a browser: looked at, it changes nothing; a button, pressed by mouse or keyboard,
unsubscribes; it fits a phone, and speaks German to whoever asks for it. SLUICE_KEEP=1 leaves the pictures."""
from lib import driven_browser
from lib.campaign import row
from lib.events import read_events
from lib.processes import wait_until
from lib.returns import DOMAIN, samples
from lib.scenario import run, skip

LIMIT_S = 60
NAMES = ["looks", "mouse", "keyboard"]


def left(service):
    return {event["recipient"].split("@")[0]: event["class"] for event in read_events(service.data)
            if event["event"] == "unsubscribed"}


def fits(page, folder, name):
    """No line is cut off at either width, and a finger finds each button."""
    for width in (1280, 360):
        page.size(width, 740)
        assert page.ask("document.documentElement.scrollWidth <= innerWidth"), (name, width)
        assert page.ask("[...document.querySelectorAll('button')].every("
                        "b => b.getBoundingClientRect().height >= 44)"), (name, width)
        page.picture(folder / f"{name}-{width}.png")


def use(page, service, folder, mail):
    base = f"http://{service.address('public')}/u/"
    page.open(base + mail["looks"][0])
    assert page.ask("document.documentElement.lang") == "de"
    fits(page, folder, "question")
    assert page.ask("document.querySelectorAll('script, img, link').length") == 0
    page.open(base + mail["mouse"][0])
    page.click("button[value=list]")
    page.until("it is said", "document.querySelector('[role=status]') != null")
    fits(page, folder, "done")
    page.open(base + mail["keyboard"][0])
    for _ in range(2):
        page.key("Tab", 9)
    assert page.ask("document.activeElement.value") == "all"
    page.key("Enter", 13, "\r")
    page.until("it is said", "document.querySelector('[role=status]') != null")
    page.open(base + "nonsense")
    fits(page, folder, "unknown")
    wanted = {"mouse": "list", "keyboard": "tenant"}
    wait_until("both have left", lambda: left(service) == wanted, LIMIT_S, 0.1)


def scenario(scene):
    program = driven_browser.find()
    if not program:
        skip("no Chromium is installed")
    sink = scene.sink(sample_every=1)
    service = scene.service().unsigned("shop.test").route("*", sink.address)
    service.configure(f'''[bounce]
domain = "{DOMAIN}"
[public]
listen = "127.0.0.1:0"
url = "https://mail.shop.test"''').start()
    rows = [row(n, f"{who}@ok.test") for n, who in enumerate(NAMES)]
    service.run("send", str(scene.campaign("first", rows).path), "--detach")
    wait_until("it is done", lambda: (service.campaign("first") or {}).get("state") == "done", LIMIT_S, 0.1)
    page = driven_browser.Browser(program, "de-AT,de")
    scene.ends_with(page.close)
    use(page, service, scene.folder, samples(sink))


if __name__ == "__main__":
    run(scenario)
