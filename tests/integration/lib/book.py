"""The books of a run with crashes: what was accepted, what the events say, what the receiver took.

A recipient is a number: `cN@...` came from a campaign, `sN@...` was submitted, none is used twice. So an
address stands for one message, and millions of them fit into a few byte arrays.
"""
import json
import pathlib

FINALS = ("delivered", "bounced", "expired", "suppressed", "cancelled")
CODES = {kind: code for code, kind in enumerate(FINALS, 1)}
NONE, TWICE = 0, 255
EXAMPLES = 3


class Column:
    """A small number (at most 254) for each recipient of one kind."""

    def __init__(self):
        self.cells = bytearray()

    def __getitem__(self, number):
        return self.cells[number] if number < len(self.cells) else 0

    def __setitem__(self, number, value):
        if number >= len(self.cells):
            self.cells.extend(bytes(max(number + 1 - len(self.cells), 1 << 16)))
        self.cells[number] = value

    def add(self, number):
        self[number] = min(self[number] + 1, 254)


def number_of(address):
    return address[0], int(address[1:address.index("@")])


class Book:
    def __init__(self):
        self.finals = {"c": Column(), "s": Column()}
        self.doubts = {"c": Column(), "s": Column()}
        self.copies = {"c": Column(), "s": Column()}
        self.injected = {}   # by campaign
        self.final_count = {}
        self.crash_doubts = 0
        self.per_second = {}   # delivered, by the second of the clock
        self.events = 0
        self.problems = []

    def problem(self, what):
        self.problems.append(what)

    def read_events(self, data_dir):
        """Every line is whole, `seq` counts from 1 over all files, no line twice."""
        for file in sorted((pathlib.Path(data_dir) / "events").glob("*.jsonl")):
            with open(file, encoding="utf-8") as lines:
                for line in lines:
                    if not line.endswith("\n"):
                        self.problem(f"{file.name} ends in a torn line")
                        return
                    event = json.loads(line)
                    self.events += 1
                    if event["seq"] != self.events:
                        self.problem(f"{file.name}: seq {event['seq']} where {self.events} was due")
                        self.events = event["seq"]
                    self.take(event)

    def take(self, event):
        kind, code = event["event"], CODES.get(event["event"])
        if kind == "injected" and "count" in event:
            name = event.get("campaign")
            self.injected[name] = self.injected.get(name, 0) + event["count"]
        elif code is not None:
            letter, number = number_of(event["recipient"])
            finals = self.finals[letter]
            finals[number] = code if finals[number] == NONE else TWICE
            if kind == "delivered":
                second = event.get("time", "")[:19]
                self.per_second[second] = self.per_second.get(second, 0) + 1
            name = event.get("campaign")
            self.final_count[name] = self.final_count.get(name, 0) + 1
        elif kind == "in_doubt":
            letter, number = number_of(event["recipient"])
            self.doubts[letter].add(number)
            self.crash_doubts += event.get("stage") == "crash"

    def received(self, address):
        """The receiver took one copy."""
        letter, number = number_of(address)
        self.copies[letter].add(number)

    def state(self, letter, number):
        code = self.finals[letter][number]
        return "twice" if code == TWICE else FINALS[code - 1] if code else "none"

    def check_accepted(self, what, letter, numbers, may_be=FINALS):
        """Each of these has exactly one final, one of `may_be`."""
        wrong = [number for number in numbers if self.state(letter, number) not in may_be]
        if wrong:
            said = ", ".join(f"{letter}{n}: {self.state(letter, n)}" for n in wrong[:EXAMPLES])
            self.problem(f"{what}: {len(wrong)} without exactly one final of {'/'.join(may_be)} ({said})")

    def check_campaign(self, name):
        """Nobody entered without ending, nobody ended without entering."""
        injected, finals = self.injected.get(name, 0), self.final_count.get(name, 0)
        if injected != finals:
            self.problem(f"{name}: {injected} injected, {finals} finals")

    def check_receiver(self, refused=lambda letter, number: False):
        """No false final, and each copy beyond the first is covered by a doubt. Returns the second copies.

        `refused`: may this recipient have been refused for good?
        """
        false, uncovered, unknown, copies_beyond = [], [], [], 0
        for letter, finals in self.finals.items():
            copies, doubts = self.copies[letter], self.doubts[letter]
            for number in range(max(len(finals.cells), len(copies.cells))):
                code, count = finals[number], copies[number]
                if code == NONE and count == 0:
                    continue
                name = f"{letter}{number}"
                delivered, bounced = code == CODES["delivered"], code == CODES["bounced"]
                if (delivered and count == 0) or (bounced and (count > 0 or not refused(letter, number))):
                    false.append(f"{name} {self.state(letter, number)}, {count} copies")
                if count > 0 and code == NONE:
                    unknown.append(name)
                if count > 0 and count - (1 if delivered else 0) > doubts[number]:
                    uncovered.append(f"{name} {self.state(letter, number)}, {count} copies, "
                                     f"{doubts[number]} doubts")
                copies_beyond += max(0, count - 1)
        for found, what in ((false, "false finals"), (unknown, "at the receiver without a final"),
                            (uncovered, "copies no doubt accounts for")):
            if found:
                self.problem(f"{len(found)} {what}: {', '.join(found[:EXAMPLES])}")
        return copies_beyond
