"""When to kill: each moment is awaited (or brought about), then a random while passes, then the kill comes.

A moment is a function of the run; it returns the longest wait after it, in seconds.
"""
import json
import os
import time

LIMIT_S = 60
POLL_S = 0.002


def until(what, condition):
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, f"not within {LIMIT_S} s: {what}"
        time.sleep(POLL_S)


def listing(folder, suffix=""):
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(suffix))
    except FileNotFoundError:
        return []


def load(run):
    """A campaign has just been dropped: it is read, its list kept, its acceptance written."""
    run.drop(run.campaign_rows)
    return 0.25


def expansion(run):
    name = run.drop(run.campaign_rows)
    until(f"{name} is taken", lambda: name in listing(run.service.spool / "active"))
    return 0.3


def flush(run):
    """The store has just begun or ended a table file: flush and compaction."""
    store = run.service.data / "store"
    before = listing(store, ".sst")
    until("a table file", lambda: listing(store, ".sst") != before or run.keep_busy())
    return 0.05


def export(run):
    """Lines have just been appended to an event file, or a new one begun."""
    events = run.service.data / "events"

    def size():
        return [(name, os.path.getsize(events / name)) for name in listing(events, ".jsonl")]
    before = size()
    until("events are exported", lambda: size() != before or run.keep_busy())
    return 0.01


def sweep(run):
    """A campaign with much left is being cancelled."""
    name = run.drop(run.campaign_rows)
    until(f"{name} is known", lambda: run.service.campaign(name))
    run.cancel(name)
    return 0.2


def report(run):
    """The report of a finished campaign is being written."""
    name = run.drop(run.small_rows)
    active, done = run.service.spool / "active" / name, run.service.spool / "done"
    until(f"the report of {name}", lambda: any("recipients.jsonl" in file for file in listing(active))
          or name in listing(done))
    return 0.01


def answer(run):
    """A submission has just been answered 250."""
    before = len(run.submitters.answered)
    until("a submission", lambda: len(run.submitters.answered) > before)
    return 0.002


def sending(run):
    run.keep_busy()
    return 0.5


def start(run):
    """In the middle of recovery: killed, and killed again before it is ready."""
    run.service.kill()
    run.submitters.go_to(None)
    run.service.launch()
    return 0.3


ALL = {moment.__name__: moment
       for moment in (expansion, sweep, flush, report, export, load, answer, start, sending)}


def deck(rng, count):
    """`count` moments: every kind before any comes again."""
    out = []
    while len(out) < count:
        out += rng.sample(list(ALL), len(ALL))
    return out[:count]


def queued(service):
    return json.loads(service.run("queue", "summary", "--json").stdout)["queued"]
