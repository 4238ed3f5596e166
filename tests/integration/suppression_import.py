#!/usr/bin/env python3
"""Files of suppressions: many rows, bad rows, a kill -9 in the middle, and the way out and back in."""
import csv
import io
import json
import subprocess

from lib.processes import wait_until
from lib.scenario import run

ROWS = 60_000
LIMIT_S = 120


def status(service):
    import http.client
    import socket
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(service.data / "control.sock"))
    connection.request("GET", "/v1/suppressions/status")
    return json.loads(connection.getresponse().read())


def imported(service, path, *more, code=0):
    done = service.run("suppress", "import", str(path), "--json", *more, check=False, limit_s=LIMIT_S)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout) if done.stdout else done.stderr


def cut_off(service, path):
    """What was answered is there after kill -9; the same file again completes it."""
    running = service.begin("suppress", "import", str(path), "--tenant", "default")
    wait_until("some are in", lambda: status(service)["subjects"] > 5000, LIMIT_S, 0.01)
    before = status(service)["subjects"]
    service.kill()
    running.communicate(timeout=LIMIT_S)
    assert running.returncode not in (0, 1), running.returncode
    service.start()
    after = status(service)["subjects"]
    assert before <= after, f"{before} were in, {after} are"
    told = imported(service, path, "--tenant", "default")
    assert told["rows"] == ROWS and told["bad_rows"] == 0, told
    assert told["added"] == ROWS - after and told["unchanged"] == after, (told, after)
    assert told["in_force"], told
    assert status(service)["subjects"] == ROWS


def hostile(scene, service):
    path = scene.folder / "hostile.csv"
    lines = [b"Email Address;Reason;expires", b"good1@x.test;Spam Complaint;", b"no address;x;",
             b"\xff\xfe@x.test;;",
             b"good2@x.test;Unsubscribe;2099-01-01", b"late@x.test;;never", b'"open@x.test;;',
             b"a" * 300_000 + b"@x.test;;",
             b'"quoted@x.test";"two\nlines, and ""quotes""";', b"", b"<script>@x.test;;", b"nul\0@x.test;;"]
    path.write_bytes(b"\r\n".join(lines))
    rejected = scene.folder / "rejected.jsonl"
    told = imported(service, path, "--rejected", str(rejected), code=1)
    assert told["added"] == 3, told
    bad = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert told["bad_rows"] == len(bad) == 7, bad
    assert all(one["line"] and one["reason"] for one in bad), bad
    entries = {one["subject"]: one["entries"][0] for one in listed(service, "--domain", "x.test")}
    assert entries["good1@x.test"]["reason"] == "complaint", entries
    assert entries["good2@x.test"]["expires"] == "2099-01-01T00:00:00.000Z", entries
    assert set(entries) == {"good1@x.test", "good2@x.test", "quoted@x.test"}, entries
    for content in (b"", b"name,city\n1,2\n", b"\0\0\0"):
        path.write_bytes(content)
        imported(service, path, code=65)


def listed(service, *filters):
    out, cursor = [], ()
    while True:
        done = service.run("suppress", "list", "--json", "--limit", "700", *filters, *cursor)
        page = json.loads(done.stdout)
        out += page["suppressions"]
        if not page["next"]:
            return out
        cursor = ("--cursor", page["next"])


def out_and_in(scene, service):
    """An export read by another service is the same book."""
    path = scene.folder / "all.csv"
    service.run("suppress", "export", str(path))
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert len(rows) == ROWS + 3 and len({one["address"] for one in rows}) == len(rows), len(rows)
    other = scene.service("other").start()
    assert imported(other, path)["added"] == len(rows)
    back = other.run("suppress", "export", "-").stdout
    assert sorted(back.splitlines()) == sorted(path.read_text().splitlines())
    assert other.stop()[0] == 0


def backed_up(scene, service):
    copy = scene.folder / "backup"
    service.run("store", "backup", str(copy))
    service.stop()
    for where in ((), (str(copy),)):
        checked = json.loads(service.run("store", "check", *where, "--json").stdout)
        suppressed = [one for one in checked["rows"] if one["what"] == "suppressions"]
        assert suppressed and suppressed[0]["found"] == ROWS + 3 and suppressed[0]["wrong"] == 0, checked


def scenario(scene):
    path = scene.folder / "many.txt"
    path.write_text("".join(f"user{number}@d{number % 97}.test\n" for number in range(ROWS)))
    service = scene.service().start()
    cut_off(service, path)
    hostile(scene, service)
    out_and_in(scene, service)
    backed_up(scene, service)
    assert subprocess.run([service.binary, "suppress", "--help"], capture_output=True, check=True).stdout


if __name__ == "__main__":
    run(scenario)
