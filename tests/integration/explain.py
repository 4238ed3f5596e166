"""`sluice explain` over a running service: it names the block that was made, and the instant it gives is when
the mail goes.

Each kind has a domain of its own, so that nothing else is in its way.
"""
import datetime
import json
import time

from lib.campaign import addresses, row
from lib.dns_server import DnsServer
from lib.events import read_events
from lib.processes import wait_until
from lib.scenario import run

LIMIT_S = 70
POLICIES = """
[[policy]]
name = "slow"
match = {{ domain = "bucket.test" }}
message_rate = "6/min burst 1"
[[policy]]
name = "daily"
match = {{ domain = "quota.test" }}
daily_quota = 1
[retry]
ladder = ["6s"]
greylist = ["5s"]
[dns]
servers = ["127.0.0.1:{dns}"]
[[source]]
name = "b"
address = "127.0.0.2"
ehlo = "mta-b.shop.test"
warmup = "1, 1k"
[[pool]]
name = "warm"
sources = ["b"]
[[source]]
name = "c"
address = "127.0.0.3"
ehlo = "mta-c.shop.test"
[[source]]
name = "d"
address6 = "::1"
ehlo = "mta-d.shop.test"
[[pool]]
name = "one"
sources = ["c"]
[[policy]]
name = "single"
match = {{ source = "c" }}
connections = 1
[[route]]
match = {{ domain = "dead.test" }}
hosts = ["127.0.0.1:1"]
[[route]]
match = {{ domain = "grey.test" }}
hosts = ["{greylist}"]
[[route]]
match = {{ domain = "busy.test" }}
hosts = ["{slow}"]
[[route]]
match = {{ domain = "six.test" }}
hosts = ["[::1]:25"]
[[route]]
match = {{ domain = "tls.test" }}
hosts = ["{plain}"]
tls = "required"
"""
PLAIN = ("bucket", "quota", "later", "window", "warm", "hold", "suspend", "pauses", "pause", "idle")


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else None


def explain(service, name):
    """Nothing blocks what is not accepted yet."""
    answer = service.run("explain", name, "--json", check=False)
    assert answer.returncode in (0, 65), answer
    return json.loads(answer.stdout) if answer.stdout else {"blockers": [], "sites": []}


def blockers(answer):
    rows = list(answer["blockers"])
    for site in answer["sites"]:
        for path in site["paths"]:
            rows += path["blockers"]
    return rows


def blocker(service, name, kind):
    """The block of that kind, once explain names it, with the whole answer."""
    found = []

    def named():
        answer = explain(service, name)
        found[:] = [(one, answer) for one in blockers(answer) if one["kind"] == kind]
        return bool(found)

    try:
        wait_until(f"{name} waits for {kind}", named, LIMIT_S, 0.05)
    except AssertionError as late:
        raise AssertionError(f"{late}; explain says {explain(service, name)}") from late
    return found[0]


def with_since(service, name, kind):
    """The same, once its event is exported and tells since when."""
    wait_until(f"{name} is told since when", lambda: blocker(service, name, kind)[0]["since"], LIMIT_S, 0.05)
    return blocker(service, name, kind)


def send(scene, service, name, domain, count=1, settings=()):
    rows = [row(number, address) for number, address in enumerate(addresses(count, [domain]))]
    campaign = scene.campaign(name, rows, settings)
    service.run("send", str(campaign.path), "--detach")


def delivered(service, domain):
    return [instant(event["time"]) for event in read_events(service.data)
            if event["event"] == "delivered" and event["recipient"].endswith("@" + domain)]


def goes_at(service, domain, until, asked, before):
    """The next message to the domain is delivered within a second, or 5 %, of the instant."""
    promised = instant(until)
    assert promised is not None, f"{domain}: no instant"
    wait_until(f"mail goes to {domain}", lambda: len(delivered(service, domain)) > before, LIMIT_S, 0.05)
    off = abs(delivered(service, domain)[before] - promised)
    assert off <= max(1.0, 0.05 * (promised - asked)), f"{domain}: {off:.2f} s beside {until}"


def bucket(scene, service):
    send(scene, service, "bucket", "bucket.test", 2)
    wait_until("the first went", lambda: len(delivered(service, "bucket.test")) == 1, LIMIT_S, 0.05)
    asked = time.time()
    one, answer = blocker(service, "bucket.test", "bucket")
    assert "slow" in one["what"] and answer["blocked"], answer
    goes_at(service, "bucket.test", answer["until"], asked, 1)


def quota(scene, service):
    send(scene, service, "quota", "quota.test", 2)
    one, answer = blocker(service, "quota.test", "quota")
    assert "daily" in one["what"] and answer["blocked"], answer
    one, answer = blocker(service, "quota", "quota")  # its lane is given back: told by its first record
    left = instant(one["until"]) - time.time()
    assert 0 < left <= 86_401, one


def held_back(scene, service):
    """What ends when an operator says so has no instant."""
    send(scene, service, "pause", "pause.test", 1, {"start": "2099-01-01T00:00:00Z"})
    one, answer = blocker(service, "pause", "start")
    assert one["until"].startswith("2099-01-01T00:00:00") and answer["blocked"], answer
    service.run("campaign", "pause", "pause")
    one, answer = blocker(service, "pause", "pause")
    assert one["until"] == "" and answer["until"] == "", answer
    shown = service.run("explain", "pause").stdout.splitlines()
    assert shown[0] == "campaign pause: blocked, nobody knows until when", shown
    assert shown[1].split() == ["WHERE", "KIND", "WHAT", "SINCE", "UNTIL"], shown
    assert [line.split()[1] for line in shown[2:4]] == ["pause", "start"], shown
    assert shown[-1] == "all: 1 left, finish unknown", shown


def start(scene, service):
    asked = time.time()
    at = datetime.datetime.fromtimestamp(int(asked) + 6, datetime.timezone.utc)
    send(scene, service, "later", "later.test", 1, {"start": at.strftime("%Y-%m-%dT%H:%M:%SZ")})
    _, answer = blocker(service, "later", "start")
    goes_at(service, "later.test", answer["until"], asked, 0)


def window(scene, service):
    """Opens with a minute, the next but 5 s at least: what follows meanwhile is for the caller."""
    opens = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=65)
    shuts = opens + datetime.timedelta(hours=1)
    asked = time.time()
    send(scene, service, "window", "window.test", 1,
         {"windows": f'["daily {opens:%H:%M}-{shuts:%H:%M}"]', "time_zone": '"UTC"'})
    one, answer = blocker(service, "window", "window")
    assert one["until"].startswith(f"{opens:%Y-%m-%dT%H:%M}:00"), (one, opens)
    return lambda: goes_at(service, "window.test", answer["until"], asked, 0)


def warm_up(scene, service):
    send(scene, service, "warm", "warm.test", 3, {"pool": '"warm"'})
    one, answer = blocker(service, "warm", "warm-up")
    today = datetime.datetime.fromisoformat(answer["now"].replace("Z", "+00:00"))
    tomorrow = today + datetime.timedelta(days=1)
    assert one["until"].startswith(f"{tomorrow:%Y-%m-%d}T00:00:00") and " b " in one["what"], one


def tried_at(service, domain, until, asked):
    """The next attempt, or question for a route, ends within a second, or 5 %, of the instant."""
    promised = instant(until)
    assert promised is not None, f"{domain}: no instant"
    later = []

    def tried():
        times = [instant(event["time"]) for event in read_events(service.data)
                 if event.get("recipient", "").endswith("@" + domain) and event["event"] == "deferred"]
        later[:] = [time_s for time_s in times if time_s > asked]
        return bool(later)

    wait_until(f"{domain} is tried again", tried, LIMIT_S, 0.05)
    off = abs(min(later) - promised)
    assert off <= max(1.0, 0.05 * (promised - asked)), f"{domain}: {off:.2f} s beside {until}"


def back_off(scene, service):
    send(scene, service, "dead", "dead.test", 3)
    ends = lambda: instant(blocker(service, "dead.test", "back-off")[0]["until"])  # noqa: E731
    wait_until("it backs off for seconds", lambda: ends() > time.time() + 2, LIMIT_S, 0.05)
    asked = time.time()
    one, _ = blocker(service, "dead.test", "back-off")
    assert one["since"] and instant(one["since"]) < asked, one
    tried_at(service, "dead.test", one["until"], asked)


def put_off(service, domain):
    """Of a record that waits in the store: its id and when it is due."""
    records = []

    def deferred():
        listed = json.loads(service.run("queue", "list", "--domain", domain, "--json").stdout)
        records[:] = [one for one in listed["records"]
                      if one["state"] == "deferred" and instant(one["due"]) > time.time() + 1]
        return bool(records)

    wait_until(f"{domain} is put off", deferred, LIMIT_S, 0.05)
    return records[0]["id"], records[0]["due"]


def after_an_attempt(scene, service, domain, kind):
    send(scene, service, kind, domain)
    record, due = put_off(service, domain)
    asked = time.time()
    one, answer = with_since(service, record, kind)
    assert one["since"] and one["until"] == due == answer["until"], (answer, due)
    tried_at(service, domain, answer["until"], asked)


def no_source(scene, service):
    """There is a source with an IPv6 address, but not in the pool of this mail."""
    send(scene, service, "six", "six.test")
    one, answer = blocker(service, "six.test", "no-source")
    assert "source a " in one["what"] and one["until"] == "" and answer["blocked"], answer


def concurrency(scene, service):
    send(scene, service, "busy", "busy.test", 20, {"pool": '"one"'})
    wait_until("the slow one has the connection", lambda: delivered(service, "busy.test"), LIMIT_S, 0.02)
    send(scene, service, "idle", "idle.test", 1, {"pool": '"one"'})
    one, answer = blocker(service, "idle.test", "concurrency")
    assert "single" in one["what"] and "1 of 1" in one["what"] and one["until"] == "", answer
    wait_until("it goes when that one gives way", lambda: delivered(service, "idle.test"), LIMIT_S, 0.05)


def hold(scene, service):
    service.run("queue", "hold", "--domain", "hold.test")
    send(scene, service, "hold", "hold.test")
    one, answer = blocker(service, "hold.test", "hold")
    assert one["since"] and one["until"] == "" and answer["blocked"], answer
    service.run("queue", "release", "--domain", "hold.test")
    wait_until("it goes", lambda: delivered(service, "hold.test"), LIMIT_S, 0.05)


def greylist(scene, service):
    send(scene, service, "grey", "grey.test")
    record, due = put_off(service, "grey.test")
    asked = time.time()
    one, answer = with_since(service, record, "greylist")
    assert one["since"] and one["until"] == due == answer["until"], (one, due)
    goes_at(service, "grey.test", answer["until"], asked, 0)


def suspension(scene, service):
    service.run("source", "suspend", "a", "--for", "4s", "--cause", "listed")
    asked = time.time()
    send(scene, service, "suspended", "suspend.test")
    one, answer = blocker(service, "suspended", "suspension")
    assert one["since"] and "listed" in one["what"], one
    goes_at(service, "suspend.test", one["until"], asked, 0)


def override(scene, service):
    service.run("throttle", "set", "--domain", "pauses.test", "--pause", "--for", "5s")
    asked = time.time()
    send(scene, service, "override", "pauses.test")
    one, answer = blocker(service, "pauses.test", "override")
    goes_at(service, "pauses.test", one["until"], asked, 0)


def refuses_what_it_does_not_know(service):
    for name in ("nobody", "never-seen.test", "01ARZ3NDEKTSV4RRFFQ69G5FAV"):
        answer = service.run("explain", name, check=False)
        assert answer.returncode == 65 and answer.stderr.strip(), (name, answer)
    assert service.run("explain", check=False).returncode == 64


def scenario(scene):
    sink = scene.sink(personas=("plain", "greylist", "slow"))
    dns = DnsServer({"dns.test": "mx IN MX 10 mail"}, broken=["broken.test"])
    dns.start()
    scene.ends_with(dns.stop)
    service = scene.service(connections=4).unsigned("shop.test")
    service.configure(POLICIES.format(dns=dns.port, **sink.addresses))
    for name in PLAIN:
        service.route(f"{name}.test", sink.address)
    service.start()
    refuses_what_it_does_not_know(service)
    window_opens = window(scene, service)
    bucket(scene, service)
    quota(scene, service)
    held_back(scene, service)
    start(scene, service)
    warm_up(scene, service)
    back_off(scene, service)
    hold(scene, service)
    greylist(scene, service)
    after_an_attempt(scene, service, "x.broken.test", "dns")
    after_an_attempt(scene, service, "tls.test", "tls")
    no_source(scene, service)
    concurrency(scene, service)
    override(scene, service)
    window_opens()
    suspension(scene, service)
    service.stop()


if __name__ == "__main__":
    run(scenario)
