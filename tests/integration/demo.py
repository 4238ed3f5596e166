#!/usr/bin/env python3
"""`sluice demo` as a person uses it: to the end, killed and resumed, and refused where it would do harm."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

LIMIT_S = 120


def demo(sluice, *arguments):
    return [sluice, "demo", "--json", *arguments]


def run(command):
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)


def result(process_output):
    last = json.loads(process_output.strip().splitlines()[-1])
    assert last["event"] == "result", last
    return last


def whole(sluice, folder):
    done = run(demo(sluice, "--dir", folder, "--recipients", "3000"))
    assert done.returncode == 0, done.stdout + done.stderr
    end = result(done.stdout)
    assert end["state"] == "done" and end["holds"], end
    assert all(check["holds"] for check in end["checks"]), end["checks"]
    assert end["samples"] > 100 and end["samples_verified"] == end["samples"], end
    with open(end["report"], encoding="utf-8") as report:
        counts = json.load(report)["counts"]
    assert counts["read"] == 3000 and counts["queued"] == 0, counts
    assert os.path.getsize(os.path.join(folder, "report.html")) > 10_000


def delivered_so_far(line):
    return json.loads(line)["delivered"]


def killed_and_resumed(sluice, folder):
    command = demo(sluice, "--dir", folder, "--recipients", "8000")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        for line in first.stdout:
            if delivered_so_far(line) > 500:
                break
        first.send_signal(signal.SIGKILL)
    end = time.monotonic() + LIMIT_S  # the receivers notice and write their log to its end
    while run(["pgrep", "-f", f"demo --json --dir {folder} "]).returncode == 0:
        assert time.monotonic() < end, "the receivers outlive the demo"
        time.sleep(0.05)
    done = run(demo(sluice, "--dir", folder, "--resume"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert result(done.stdout)["holds"], done.stdout


def refusals(sluice, folder):
    os.makedirs(folder)
    with open(os.path.join(folder, "thesis.txt"), "w", encoding="utf-8") as precious:
        precious.write("years of work\n")
    refused = run(demo(sluice, "--dir", folder))
    assert refused.returncode == 65 and "thesis.txt" in refused.stderr, refused
    assert os.path.exists(os.path.join(folder, "thesis.txt"))
    nothing = run(demo(sluice, "--dir", folder, "--resume"))
    assert nothing.returncode == 65 and "no demo to resume" in nothing.stderr, nothing


def main():
    sluice = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="sluice-demo-") as folder:
        whole(sluice, os.path.join(folder, "whole"))
        killed_and_resumed(sluice, os.path.join(folder, "killed"))
        refusals(sluice, os.path.join(folder, "other"))


if __name__ == "__main__":
    main()
