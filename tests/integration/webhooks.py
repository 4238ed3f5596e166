#!/usr/bin/env python3
"""Webhooks: each event arrives, signed, through failures of receiver and service; filters, replay, 410."""
import json
import os

from lib.campaign import addresses, row
from lib.events import read_events
from lib.hook_receiver import HookReceiver, new_secret, self_signed
from lib.processes import wait_until
from lib.scenario import run
from lib.scrape import Page, fetch

LIMIT_S = 60
PEOPLE = 300


def until(what, condition):
    return wait_until(what, condition, LIMIT_S, 0.05)


def secret_file(scene, name):
    path, secret = scene.folder / f"{name}.whsec", new_secret()
    path.write_text(secret + "\n")
    path.chmod(0o600)
    return path, secret


def hook(name, port, files, more="", scheme="http", host="127.0.0.1"):
    listed = ", ".join(f'"{file}"' for file in files)
    return (f'[[webhook]]\nname = "{name}"\nurl = "{scheme}://{host}:{port}/hooks?of={name}"\n'
            f'secret_files = [{listed}]\nbatch_wait = "100ms"\n'
            f'retry_min = "100ms"\nretry_max = "400ms"\n{more}')


def asked(service, *arguments, code=0):
    done = service.run("webhook", *arguments, "--json", check=False)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout) if done.stdout else None


def state(service, name):
    return next(one for one in asked(service, "list")["webhooks"] if one["name"] == name)


def send(scene, service, name):
    campaign = scene.campaign(name, [row(number, address) for number, address in
                                     enumerate(addresses(PEOPLE, ["a.test", "b.test"]))])
    service.run("send", str(campaign.path), "--detach")
    until(f"{name} is done", lambda: (service.campaign(name) or {}).get("state") == "done")


def numbers(events):
    return [event["seq"] for event in events]


def arrives_through_failures(scene, service, all_of_it):
    """Answers of every bad kind, then good ones: nothing is missing, nothing is there twice."""
    all_of_it.script = [500, (429, {"Retry-After": "1"}), (302, {"Location": "/elsewhere"}), "cut", "hang",
                        400]
    send(scene, service, "one")
    until("all arrived", lambda: numbers(all_of_it.taken()) == numbers(read_events(service.data)))
    assert not all_of_it.script and all_of_it.unsigned == 0
    firsts = [identity for identity, _, _ in all_of_it.posts[:7]]
    assert len(set(firsts)) == 1, f"the batch that failed went again under its id: {firsts}"
    assert all_of_it.taken() == read_events(service.data), "as they stand in the files"
    view = until("recovered", lambda: (lambda one: one["failures"] == 0 and one)(state(service, "all")))
    assert view["lag"] == 0 and view["missing"] == 0, view


def filters(service, some):
    wanted = [event["seq"] for event in read_events(service.data)
              if event["event"] == "delivered" and event.get("tenant") == "default"]
    until("the filtered ones", lambda: numbers(some.taken()) == wanted)
    assert max(len(body["data"]["events"]) for _, body, _ in some.posts) <= 50


def survives_kills(scene, service, all_of_it, some):
    """Ours killed while batches are under way and the receiver hangs."""
    all_of_it.script = ["hang"]
    send(scene, service, "two")
    until("one hangs", lambda: not all_of_it.script)
    service.kill()
    all_of_it.let_go.set()
    service.start()
    until("all arrived", lambda: numbers(all_of_it.taken()) == numbers(read_events(service.data)))
    filters(service, some)


def down_for_long(scene, service, all_of_it):
    """The receiver is away; sending goes on; events wait in the files."""
    port, secret = all_of_it.port, all_of_it.secret
    all_of_it.stop()
    send(scene, service, "three")
    view = until("it waits", lambda: (lambda one: one["failures"] > 1 and one)(state(service, "all")))
    assert view["lag"] > PEOPLE and view["error"], view
    back = HookReceiver(secret, port)
    scene.ends_with(back.stop)
    newest = read_events(service.data)[-1]["seq"]
    until("it caught up", lambda: back.taken() and back.taken()[-1]["seq"] >= newest)
    got = numbers(back.taken())
    assert got == list(range(got[0], got[-1] + 1))
    return back


def replays(service, back):
    before = len(back.posts)
    asked(service, "replay", "all", "--from", "5")
    until("again from 5 on", lambda: len(back.posts) > before and
          numbers(back.posts[before][1]["data"]["events"])[0] == 5)
    assert back.posts[before][0] not in {identity for identity, _, _ in back.posts[:before]}
    until("to the end", lambda: state(service, "all")["lag"] == 0)
    asked(service, "replay", "all", "--from", "0", code=65)
    asked(service, "replay", "all", "--from", "99999999", code=65)
    asked(service, "replay", "nobody", "--from", "1", code=65)


def metric(service, name, **labels):
    return Page(fetch(service.address("http"))).sum(name, webhook="all", **labels)


def is_disabled_by_410(service, back):
    back.script = [410]
    asked(service, "replay", "all", "--from", "1")
    until("disabled", lambda: state(service, "all")["state"] == "disabled")
    posts = len(back.posts)
    service.kill()
    service.start()
    assert state(service, "all")["state"] == "disabled" and len(back.posts) == posts
    until("the metric says so", lambda: metric(service, "sluice_webhook_disabled") == 1)
    asked(service, "resume", "all")
    until("it went on", lambda: state(service, "all")["lag"] == 0)
    until("the metric says so", lambda: metric(service, "sluice_webhook_disabled") == 0)
    first = back.posts[posts - 1]
    assert back.posts[posts][:2] == first[:2], "the very batch that was refused"


def rotates_and_reloads(scene, service, back):
    """A second secret signs too; another endpoint comes while running; both without a restart."""
    files = [scene.folder / "all.whsec", secret_file(scene, "next")[0]]
    text = service.config.read_text()
    old = f'secret_files = ["{files[0]}"]'
    service.config.write_text(text.replace(old, old[:-1] + f', "{files[1]}"]', 1))
    assert service.run("reload").returncode == 0
    back.secret = files[1].read_text().strip()
    result = asked(service, "test", "all")
    assert result["ok"] and back.posts[-1][1]["type"] == "test", result
    back.script = [500]
    assert asked(service, "test", "all", code=1)["status"] == 500


def verifies_certificates(service, secure):
    """By name, through TLS; under another name nothing is sent."""
    assert asked(service, "test", "secure")["ok"]
    refused = asked(service, "test", "other-name", code=1)
    assert refused["status"] == 0 and refused["error"], refused
    assert secure.unsigned == 0 and [body["type"] for _, body, _ in secure.posts] == ["test"]


def tells_a_gap(service, back):
    """What was deleted before it was taken is said to everybody."""
    service.stop()
    files = sorted((service.data / "events").glob("*.jsonl"))
    assert len(files) > 1, "one file only"
    first_kept = int(files[1].name.split("-")[1].split(".")[0])
    os.remove(files[0])
    service.start()
    posts = len(back.posts)
    asked(service, "replay", "all", "--from", "1")
    until("it went on", lambda: len(back.posts) > posts)
    data = back.posts[posts][1]["data"]
    assert data["missing"] == first_kept - 1 and data["events"][0]["seq"] == first_kept, data["missing"]
    until("an event tells", lambda: any(
        event["event"] == "alert" and event.get("class") == "webhook-gap" and event["count"] == first_kept - 1
        for event in back.posts[-1][1]["data"]["events"]))
    assert state(service, "all")["missing"] == first_kept - 1
    assert metric(service, "sluice_webhook_gap_events_total") == first_kept - 1
    assert metric(service, "sluice_webhook_requests_total", result="taken") > 0
    assert metric(service, "sluice_webhook_events_total") >= data["upto"] - first_kept
    assert "webhook_gap" in service.log()


def scenario(scene):
    sink = scene.sink()
    service = scene.service().configure('[events]\nfile_size = "256KiB"\n[http]\nlisten = "127.0.0.1:0"')
    service.route("a.test", sink.address).route("b.test", sink.address).unsigned("shop.test")
    all_file, all_secret = secret_file(scene, "all")
    some_file, some_secret = secret_file(scene, "some")
    certificate = self_signed(scene.folder)
    all_of_it, some = HookReceiver(all_secret), HookReceiver(some_secret)
    secure = HookReceiver(some_secret, certificate=certificate)
    for receiver in (some, secure):
        scene.ends_with(receiver.stop)
    service.configure(f'[tls]\nca_file = "{certificate[0]}"')
    service.configure(hook("all", all_of_it.port, [all_file], 'timeout = "1s"\n'))
    service.configure(hook("some", some.port, [some_file],
                           'events = ["delivered"]\ntenants = ["default"]\nbatch_events = 50\n'))
    quiet = 'tenants = ["nobody"]\n'
    service.configure(hook("secure", secure.port, [some_file], quiet, "https", "localhost"))
    service.configure(hook("other-name", secure.port, [some_file], quiet, "https", "127.0.0.1"))
    service.start()
    arrives_through_failures(scene, service, all_of_it)
    filters(service, some)
    survives_kills(scene, service, all_of_it, some)
    verifies_certificates(service, secure)
    back = down_for_long(scene, service, all_of_it)
    replays(service, back)
    is_disabled_by_410(service, back)
    tells_a_gap(service, back)
    rotates_and_reloads(scene, service, back)


if __name__ == "__main__":
    run(scenario)
