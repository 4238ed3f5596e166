#!/usr/bin/env python3
"""The log as JSON lines, and its level changed while the service runs: at debug there is a line for
each attempt, at error nothing; a reload goes back to the configuration."""
import json

from lib.campaign import row
from lib.processes import wait_until
from lib.scenario import run

RECIPIENTS = 20
LIMIT_S = 60


def lines(service):
    """Every line is an object with time, level and event."""
    out = [json.loads(line) for line in (service.folder / "serve.log").read_text().splitlines()]
    assert all(line["time"] and line["level"] and line["event"] for line in out), out
    return out


def attempts(service):
    return [line for line in lines(service) if line["event"] == "attempt"]


def send(scene, service, name):
    rows = [row(number, f"r{number}@plain.test") for number in range(RECIPIENTS)]
    service.run("send", str(scene.campaign(name, rows).path), "--detach")
    wait_until("done", lambda: (service.campaign(name) or {}).get("state") == "done", LIMIT_S, 0.1)


def level(service, *words):
    return json.loads(service.run("log", "level", *words, "--json").stdout)


def scenario(scene):
    service = scene.service().unsigned("shop.test").route("plain.test", scene.sink().address)
    service._text = service._text.replace('format = "text"', 'format = "auto"')
    service.start()
    assert level(service) == {"level": "info", "format": "json"}
    send(scene, service, "quiet")
    assert not attempts(service)
    assert level(service, "debug")["level"] == "debug"
    send(scene, service, "told")
    seen = attempts(service)
    assert len(seen) == RECIPIENTS and {line["result"] for line in seen} == {"delivered"}, seen[:2]
    assert all(line["code"] == 250 and line["source"] == "a" for line in seen), seen[:2]
    assert service.run("log", "level", "error").stdout == "error\n"
    before = len(lines(service))
    send(scene, service, "silent")
    assert len(lines(service)) == before, lines(service)[before:]
    service.run("reload")
    assert level(service)["level"] == "info"
    refused = service.run("log", "level", "loud", check=False)
    assert refused.returncode == 64 and "debug" in refused.stderr, refused
    assert service.stop()[0] == 0
    changes = [(line["from"], line["to"]) for line in lines(service) if line["event"] == "log_level_changed"]
    assert changes == [("info", "debug"), ("debug", "error")], changes
    gone = service.run("log", "level", check=False)
    assert gone.returncode == 69, gone


if __name__ == "__main__":
    run(scenario)
