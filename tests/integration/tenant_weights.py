#!/usr/bin/env python3
"""Two tenants share a receiver's rate by their weights, and a reload changes the shares of what waits."""
from lib.campaign import addresses, row
from lib.processes import wait_until
from lib.scenario import run

EACH = 3000
LOOK_AT = 400  # delivered together, of the rate below: two seconds
LIMIT_S = 60
POLICY = """
[delivery]
lease_run = 4
[[policy]]
name = "slow"
match = { site = "*" }
message_rate = "200/s burst 1"
"""
TENANTS = """
[[tenant]]
name = "large"
weight = %d
[[tenant]]
name = "small"
weight = %d
[[sender]]
tenant = "large"
from_domains = ["shop.test"]
[[sender]]
tenant = "small"
from_domains = ["shop.test"]
"""


def delivered(service):
    return {name: (service.campaign(name) or {}).get("delivered", 0) for name in ("large", "small")}


def share_of_large(service):
    """Of the next LOOK_AT messages."""
    before = delivered(service)

    def grown():
        now = delivered(service)
        return {name: now[name] - before[name] for name in now}

    wait_until("both had their share", lambda: sum(grown().values()) >= LOOK_AT, LIMIT_S, 0.05)
    seen = grown()
    return seen["large"] / sum(seen.values())


def scenario(scene):
    sink = scene.sink()
    service = scene.service().route("*", sink.address)
    service.configure(POLICY + TENANTS % (4, 1)).start()
    for name in ("large", "small"):
        rows = [row(number, address) for number, address in enumerate(addresses(EACH, [f"{name}.test"]))]
        service.run("send", str(scene.campaign(name, rows, {"tenant": f'"{name}"'}).path), "--detach")
    wait_until("both are on their way", lambda: all(delivered(service).values()), LIMIT_S, 0.05)
    share = share_of_large(service)
    print(f"4 to 1: {share:.3f}")
    assert 0.75 <= share <= 0.85, share
    text = service.config.read_text()
    service.config.write_text(text.replace(TENANTS % (4, 1), TENANTS % (1, 4)))
    service.run("reload")
    share_of_large(service)  # what was granted before
    share = share_of_large(service)
    print(f"1 to 4: {share:.3f}")
    assert 0.15 <= share <= 0.25, share
    service.stop()


if __name__ == "__main__":
    run(scenario)
