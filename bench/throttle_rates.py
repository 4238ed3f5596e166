#!/usr/bin/env python3
"""What rates and connections the sink sees, by its own stamps, with the real service.

    throttle_rates.py SLUICE [--messages N] [--seconds S]

50 domains with limits of 1/s to 5,000/s, 4 sources, each (source, site) with few connections. For each domain
every window of 1, 10 and 60 s of arrivals (of MAIL, at the sink) is held against limit x (window + 50 ms) +
burst, and what was sent against what the limit allowed while mail for the domain was left.
"""
import argparse
import bisect
import collections
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "integration"))

from lib.campaign import row  # noqa: E402
from lib.processes import wait_until  # noqa: E402
from lib.scenario import Scene  # noqa: E402

# Domains for each limit: together under what two cores send, or it is the machine that is measured.
MIX = {1: 6, 2: 6, 5: 6, 10: 6, 20: 6, 50: 6, 100: 6, 500: 4, 1000: 3, 5000: 1}
LIMITS = [limit for limit, domains in MIX.items() for _ in range(domains)]
DOMAINS = len(LIMITS)
SOURCES = 4
CONNECTIONS = 3
SLACK_S = 0.05
WINDOWS = (1, 10, 60)


def limit_of(number):
    return LIMITS[number]


def burst_of(limit):
    return max(1, limit // 20)


def share(messages, seconds):
    """Messages for each domain: as many as its limit takes in `seconds`; the fast ones divide the rest."""
    wanted = [limit_of(number) * seconds for number in range(DOMAINS)]
    taken = lambda cap: sum(min(one, cap) for one in wanted)  # noqa: E731
    most = max(1, bisect.bisect_right(range(messages), messages, key=taken) - 1)
    return [min(one, most) for one in wanted]


def worst_window(stamps, window):
    """The most arrivals in any window of that many seconds."""
    most = 0
    for first, at in enumerate(stamps):
        most = max(most, bisect.bisect_left(stamps, at + window) - first)
    return most


def service_of(scene, sink):
    service = scene.service(connections=CONNECTIONS).unsigned("shop.test").route("*", sink.address)
    for number in range(1, SOURCES):
        service.configure(f'[[source]]\nname = "s{number}"\naddress = "127.0.0.{number + 1}"')
    names = ", ".join(f'"{name}"' for name in ["a"] + [f"s{number}" for number in range(1, SOURCES)])
    service.configure(f'[[pool]]\nname = "wide"\nsources = [{names}]')
    for number in range(DOMAINS):
        limit = limit_of(number)
        service.configure(f'[[policy]]\nmatch = {{ domain = "d{number}.test" }}\noverride = true\n'
                          f'message_rate = "{limit}/s burst {burst_of(limit)}"')
    return service.start()


def judge(arrivals, counts):
    by_domain = collections.defaultdict(list)
    for at, recipient, _ in arrivals:
        by_domain[recipient.partition("@")[2]].append(at)
    over, used = [], []
    for number in range(DOMAINS):
        stamps = sorted(by_domain[f"d{number}.test"])
        limit = limit_of(number)
        for window in WINDOWS:
            allowed = limit * (window + SLACK_S) + burst_of(limit)
            most = worst_window(stamps, window)
            if most > allowed:
                over.append((f"d{number}", limit, window, most, allowed))
        spent = stamps[-1] - stamps[0]
        if counts[number] > 2 * burst_of(limit) and spent > 0:
            used.append((len(stamps) / (limit * spent + burst_of(limit)), limit))
    return over, used


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sluice")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=60, help="mail of a slow domain lasts so long (60)")
    options = parser.parse_args()
    counts = share(options.messages, options.seconds)
    import tempfile
    with tempfile.TemporaryDirectory(prefix="sluice-rates-") as folder:
        scene = Scene(options.sluice, folder)
        try:
            sink = scene.sink()
            service = service_of(scene, sink)
            people = [f"r{one}@d{number}.test" for number in range(DOMAINS) for one in range(counts[number])]
            rows = [row(number, address) for number, address in enumerate(people)]
            campaign = scene.campaign("rates", rows, {"pool": '"wide"'})
            begun = time.monotonic()
            service.run("send", str(campaign.path), "--detach")
            wait_until("all final", lambda: (service.campaign("rates") or {}).get("state") == "done",
                       options.seconds * 4 + 120, 0.5)
            took = time.monotonic() - begun
            service.stop()
            stats = sink.stop()
            arrivals = sink.arrivals()
        finally:
            scene.close()
    over, used = judge(arrivals, counts)
    print(f"{len(arrivals)} messages in {took:.1f} s, {DOMAINS} domains, {SOURCES} sources")
    for line in over:
        print("over: %s limit %d/s window %d s: %d arrived, %.1f allowed" % line)
    print(f"windows over their limit: {len(over)} of {DOMAINS * len(WINDOWS)}")
    for limit in MIX:
        shares = [part for part, of in used if of == limit]
        if shares:
            print(f"  {limit}/s: used {min(shares):.1%} to {max(shares):.1%} of what was allowed")
    print(f"connections at once: {stats['sites'][0]['most_open']}, limit {SOURCES * CONNECTIONS}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
