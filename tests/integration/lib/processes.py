"""Children of a test: started, waited for, and never left behind."""
import os
import queue
import signal
import subprocess
import threading
import time

START_LIMIT_S = 30
STOP_LIMIT_S = 30


def wait_until(what, condition, limit_s, interval_s=0.02):
    """Returns the condition's first true value; AssertionError with `what` when there is none in time."""
    end = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit_s} s: {what}")
        time.sleep(interval_s)


class Child:
    """A process whose standard output is read line by line and whose standard error goes to a file."""

    def __init__(self, command, log_path, environment=None):
        self.log_path = log_path
        self.lines = []
        self._arrived = queue.Queue()
        with open(log_path, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                env={**os.environ, **(environment or {})})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self._arrived.put(line.rstrip("\n"))
        self._arrived.put(None)

    def line_that(self, fits, limit_s=START_LIMIT_S):
        """The next line of output for which `fits` is true."""
        end = time.monotonic() + limit_s
        while True:
            try:
                line = self._arrived.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no such line within {limit_s} s; its log:\n{self.log()}") from None
            if line is None:
                raise AssertionError(f"ended with {self.process.wait()}; its log:\n{self.log()}")
            self.lines.append(line)
            if fits(line):
                return line

    def log(self, most=6000):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as log:
                return log.read()[-most:]
        except OSError:
            return ""

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        """As power loss does to a process: no word to it."""
        if self.alive():
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, limit_s=STOP_LIMIT_S):
        """SIGTERM; the exit code. One that does not end in time is killed and reported."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.kill()
            late = f"did not end within {limit_s} s of SIGTERM"
            raise AssertionError(f"{late}; its log:\n{self.log()}") from None
        self._reader.join(5)
        return code
