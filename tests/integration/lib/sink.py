"""`sluice sink`: the scripted receiver as a test sees it."""
import json
import os
import pathlib

from lib.processes import Child


class Sink:
    """One address a persona, all on free ports. Samples, id log and statistics lie in `folder`."""

    def __init__(self, binary, folder, personas=("plain",), sample_every=0, threads=1, host="127.0.0.1",
                 inbox=False, config=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.samples = self.folder / "samples"
        self._stats_file = self.folder / "stats.json"
        self._log_file = self.folder / "ids.log"
        command = [binary, "sink", "--threads", str(threads), "--stats", str(self._stats_file),
                   "--log", str(self._log_file)]
        for persona in personas:
            command += ["--listen", f"{host}:0={persona}"]
        if sample_every:
            command += ["--samples", str(self.samples), "--sample-every", str(sample_every)]
        if inbox:
            command += ["--inbox", "127.0.0.1:0"] + (["--config", str(config)] if config else [])
        self.child = Child(command, self.folder / "sink.log")
        ready = self.child.line_that(lambda line: line.startswith("ready "))
        self.addresses = dict(zip(personas, ready.split()[1:]))
        if inbox:
            found = self.child.line_that(lambda line: line.startswith("inbox="))
            self.inbox = found.partition("=")[2].strip().rstrip("/")
        self._stats = None

    @property
    def address(self):
        return next(iter(self.addresses.values()))

    def stop(self):
        """The statistics. Again: the same ones."""
        if self._stats is None:
            code = self.child.stop()
            assert code == 0, f"sink ended with {code}: {self.child.log()}"
            self._stats = json.loads(self._stats_file.read_text())
        return self._stats

    def kill(self):
        self.child.kill()

    def deliveries(self):
        """(id, recipient, answered) of each message kept, in order of arrival. Complete after stop()."""
        if not os.path.exists(self._log_file):
            return []
        out = []
        with open(self._log_file, encoding="utf-8") as log:
            for line in log:
                message_id, recipient, _, how = line.split()[:4]
                out.append((message_id, recipient, how == "answered"))
        return out

    def arrivals(self):
        """(when MAIL came, in seconds since 1970; recipient; the sender's address), as deliveries()."""
        with open(self._log_file, encoding="utf-8") as log:
            rows = (line.split() for line in log)
            return [(int(row[4]) / 1e6, row[1], row[5]) for row in rows]
