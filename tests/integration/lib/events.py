"""The event feed, read back and balanced."""
import collections
import json
import pathlib

FINALS = {"delivered", "bounced", "expired", "suppressed", "cancelled"}
COUNTED = ("delivered", "bounced", "expired", "suppressed", "cancelled")


def read_events(data_dir):
    """Every event, in order. Lines are whole and `seq` counts from 1 without a gap, or AssertionError."""
    out, expected = [], 1
    for file in sorted((pathlib.Path(data_dir) / "events").glob("*.jsonl")):
        with open(file, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                assert line.endswith("\n"), f"{file}:{number}: a torn line"
                event = json.loads(line)
                assert event["seq"] == expected, f"{file}:{number}: seq {event['seq']}, {expected} expected"
                expected += 1
                out.append(event)
    return out


class Ledger:
    """What the events of one campaign say about its recipients."""

    def __init__(self, events, campaign):
        self.events = [event for event in events if event.get("campaign") == campaign]
        self.injected = sum(event["count"] for event in self.events if event["event"] == "injected")
        self.finals = {}
        self.doubts = collections.Counter()
        self.deferrals = collections.Counter()
        self.twice = []
        for event in self.events:
            kind, message_id = event["event"], event.get("id")
            if kind in FINALS:
                if message_id in self.finals:
                    self.twice.append(message_id)
                self.finals[message_id] = event
            elif kind == "in_doubt":
                self.doubts[message_id] += 1
            elif kind == "deferred":
                self.deferrals[message_id] += 1

    def count(self, kind):
        return sum(1 for event in self.finals.values() if event["event"] == kind)

    def counts(self):
        return {kind: self.count(kind) for kind in COUNTED}

    def check_exactly_once(self):
        """Everybody who entered has one final and nobody else has."""
        assert not self.twice, f"{len(self.twice)} recipients with two finals, {self.twice[:3]}"
        early = sum(1 for event in self.finals.values() if event["event"] == "suppressed")
        assert len(self.finals) in (self.injected, self.injected + early), (
            f"{self.injected} injected, {len(self.finals)} finals ({self.counts()})")

    def check_sink(self, sink_deliveries):
        """The receiver has what is called delivered, each copy beyond the first is covered by a doubt."""
        copies = collections.Counter(message_id for message_id, _, _ in sink_deliveries)
        for message_id, event in self.finals.items():
            if event["event"] == "delivered":
                assert copies[message_id] > 0, f"{message_id} is called delivered, the sink never saw it"
        for message_id, count in copies.items():
            assert message_id in self.finals, f"the sink has {message_id}, no event has"
            assert count - 1 <= self.doubts[message_id], (
                f"{message_id}: {count} copies, {self.doubts[message_id]} in doubt")
        return sum(count - 1 for count in copies.values())


def check_balance(counts):
    """A campaign's or report's counters."""
    assert counts["read"] == counts["injected"] + counts["rejected"], counts
    final = sum(counts[kind] for kind in COUNTED)
    assert counts["injected"] == final + counts["queued"], counts
