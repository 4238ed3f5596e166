#!/usr/bin/env python3
"""Three million records wait in 300,000 domains, and the process stays small.

    queue_memory.py QUEUE_HAMMER [--records N] [--domains N]

Nothing is sent: the day a provider is down. Every record must be counted as queued, before and after a
restart.
"""
import argparse
import re
import subprocess
import tempfile

MOST_MIB = 200
LIMIT_S = 600


def run(hammer, folder, records, domains):
    command = [hammer, folder, str(records), str(domains), "hold"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"queued=(\d+) peak_memory_kib=(\d+)", done.stdout)
    return int(found[1]), int(found[2]) // 1024


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("hammer")
    arguments.add_argument("--records", type=int, default=3_000_000)
    arguments.add_argument("--domains", type=int, default=300_000)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-memory-") as folder:
        for what in ("loading", "after a restart"):
            queued, mib = run(options.hammer, folder, options.records, options.domains)
            print(f"{what}: {queued} queued, {mib} MiB resident at most")
            assert queued == options.records, f"{queued} queued, {options.records} expected"
            assert mib <= MOST_MIB, f"{mib} MiB resident, the limit is {MOST_MIB}"


if __name__ == "__main__":
    main()
