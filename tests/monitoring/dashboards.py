#!/usr/bin/env python3
"""Every panel of every dashboard shows something: a real Prometheus scrapes a service with a small
campaign to every kind of receiver, and each query of metrics/grafana/*.json has numbers. dashboards.py
path/to/sluice.

Each panel has a title, a description and a unit, each variable has values, and titles are told apart. No word
of sluice's own is shown as "other".
"""
import json
import pathlib
import re
import time

from prometheus import Prometheus, metrics_address
from lib.campaign import row
from lib.dns_server import DnsServer
from lib.processes import wait_until
from lib.scenario import run

ROOT = pathlib.Path(__file__).resolve().parents[2]
PERSONAS = ["plain", "greylist", "limited", "bounce", "flaky", "tls-required"]
EACH = 80
LIMIT_S = 120
WINDOW = "10s"
SETTINGS = """[retry]
ladder = ["1s", "1s", "2s", "2s", "4s"]
greylist = ["1s", "2s", "4s"]
[delivery]
idle = "1s"
smtp_port = {port}
[dns]
servers = ["127.0.0.1:{dns}"]
[http]
listen = "127.0.0.1:0"
[[source]]
name = "b"
address = "127.0.0.3"
ehlo = "b.shop.test"
[[source]]
name = "young"
address = "127.0.0.4"
ehlo = "young.shop.test"
warmup = "50, 100, 500"
[[policy]]
name = "slow"
match = {{ domain = "plain.test" }}
message_rate = "3/s burst 1"
"""


def panels(dashboard):
    """Rows hold none here: the panels stand behind them."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def check_shape(name, dashboard):
    assert dashboard["title"].startswith("sluice: ") and dashboard["uid"] and dashboard["description"], name
    titles = [(panel["gridPos"]["y"], panel["title"]) for panel in panels(dashboard)]
    assert len(titles) == len(set(titles)) and titles, name
    for panel in panels(dashboard):
        where = f"{name}: {panel['title']}"
        assert panel.get("description") and panel["fieldConfig"]["defaults"].get("unit"), where
        assert panel["datasource"]["uid"] == "${datasource}" and panel["targets"], where
        place = panel["gridPos"]
        assert place["w"] > 0 and place["x"] + place["w"] <= 24, where


def plain(query):
    query = query.replace("$__rate_interval", WINDOW)
    query = re.sub(r"\$(instance|provider|source|tenant|campaign)\b", ".*", query)
    assert "$" not in query, query
    return query


def empty_queries(prometheus, dashboards, begun):
    for name, dashboard in dashboards.items():
        for panel in panels(dashboard):
            for target in panel["targets"]:
                if not prometheus.values(plain(target["expr"]), begun, time.time()):
                    yield f"{name}: {panel['title']}: {target['expr']}"
        for variable in dashboard["templating"]["list"]:
            if variable["type"] != "query":
                continue
            selector, label = re.match(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
            if not prometheus.get(f"label/{label}/values", **{"match[]": plain(selector)}):
                yield f"{name}: ${variable['name']} has no values"


def send(scene, service, name, people):
    campaign = scene.campaign(name, [row(number, address) for number, address in enumerate(people)])
    service.run("send", str(campaign.path), "--detach")
    wait_until("every recipient final", lambda: (service.campaign(name) or {}).get("state") == "done",
               LIMIT_S, 0.5)


def scenario(scene):
    dashboards = {path.stem: json.loads(path.read_text())
                  for path in sorted((ROOT / "metrics/grafana").glob("*.json"))}
    assert len(dashboards) == 5, sorted(dashboards)
    for name, dashboard in dashboards.items():
        check_shape(name, dashboard)
    sink = scene.sink(personas=PERSONAS)
    port = int(sink.addresses["plain"].rpartition(":")[2])
    with DnsServer({"dns.test": "* IN MX 10 mail\nmail IN A 127.0.0.1\n"}) as names:
        service = scene.service().sign()
        service._text = service._text.replace('sources = ["a"]', 'sources = ["a", "b", "young"]')
        for persona, address in sink.addresses.items():
            service.route(f"{persona}.test", address)
        service.configure(SETTINGS.format(port=port, dns=names.port)).start()
        prometheus = Prometheus(scene, metrics_address(service))
        begun = time.time()
        service.run("source", "suspend", "b", "--cause", "a test")
        people = [f"r{number}@{persona}.test" for number in range(EACH) for persona in PERSONAS]
        people += people[:20]
        send(scene, service, "first", ["r@a.dns.test"])  # so that each lookup later is seen as one more
        wait_until("it was scraped", lambda: prometheus.value("sum(sluice_dns_seconds_count)") > 0,
                   LIMIT_S, 0.5)
        send(scene, service, "shown", people + [f"r@{name}.dns.test" for name in "bcdefgh"])
        empty = ["not asked yet"]

        def all_there():
            empty[:] = empty_queries(prometheus, dashboards, begun)
            return not empty

        try:
            wait_until("every panel has data", all_there, 30, 1)
        except AssertionError:
            raise AssertionError("without data:\n" + "\n".join(empty)) from None
        for label in "result", "state", "reason", "stage", "door", "event":
            assert prometheus.value(f'count({{__name__=~"sluice_.*", {label}="other"}})') == 0, label
        assert service.stop()[0] == 0
    print(sum(len(panels(dashboard)) for dashboard in dashboards.values()), "panels")


if __name__ == "__main__":
    run(scenario)
