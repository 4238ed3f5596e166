#!/usr/bin/env python3
"""The disk fills up in the middle of a campaign and gets room again: nobody is lost, nobody sent to twice.

The data lie in a small tmpfs. While it is full the service stays up and stands still.
"""
from lib.campaign import addresses, row
from lib.disk import fill, small_disk
from lib.events import Ledger, check_balance, read_events
from lib.processes import wait_until
from lib.scenario import run

RECIPIENTS = 30_000
DOMAINS = [f"d{number}.test" for number in range(100)]
SIZE_MIB = 64
LIMIT_S = 120


def shown(service):
    return service.campaign("squeezed") or {"delivered": 0, "state": "none"}


def scenario(scene):
    sink = scene.sink()
    service = scene.service()
    small_disk(scene, service.data, SIZE_MIB)
    service.unsigned("shop.test").route("*", sink.address)
    # Small buffers, so that the store needs new files while the disk is full; no thresholds, so that it gets
    # there.
    service.configure('[store]\nwrite_buffer = "4 MiB"\nwal_size = "16 MiB"\nballast = "8 MiB"\n'
                      'refuse_below = "0 B"\nstop_below = "0 B"').start()
    assert (service.data / "ballast").stat().st_size == 8 << 20
    rows = [row(number, address) for number, address in enumerate(addresses(RECIPIENTS, DOMAINS))]
    campaign = scene.campaign("squeezed", rows, {"rate": '"4000/s"'})
    service.run("send", str(campaign.path), "--detach")
    wait_until("some are delivered", lambda: shown(service)["delivered"] >= 3000, LIMIT_S, 0.02)

    filler = service.data / "filler"
    wait_until("the store cannot write",
               lambda: fill(filler) or "store_commit_failed" in service.log(), LIMIT_S, 0.05)
    assert service.child.alive(), service.log()
    wait_until("the ballast is given up", lambda: "ballast_released" in service.log(), LIMIT_S)
    before = shown(service)["delivered"]
    assert before < RECIPIENTS, "the disk filled up too late to tell anything"
    assert service.child.alive(), service.log()

    filler.unlink()
    wait_until("it goes on", lambda: shown(service)["delivered"] > before, LIMIT_S, 0.1)
    wait_until("every recipient final", lambda: shown(service)["state"] == "done", LIMIT_S, 0.1)
    check_balance(shown(service))
    assert "store_commit_recovered" in service.log(), service.log()
    wait_until("the ballast is there again", (service.data / "ballast").exists, LIMIT_S)
    assert service.stop()[0] == 0
    stats = sink.stop()
    assert (stats["unique"], stats["duplicates"]) == (RECIPIENTS, 0), stats
    ledger = Ledger(read_events(service.data), "squeezed")
    ledger.check_exactly_once()
    assert ledger.check_sink(sink.deliveries()) == 0


if __name__ == "__main__":
    run(scenario)
