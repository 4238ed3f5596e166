"""Headless Chromium over its debugging pipe: pages as people see them."""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from lib.processes import wait_until

LIMIT_S = 60


def find():
    """The program, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Browser:
    """One page. Requests are written to its descriptor 3, answers read from 4, each ended by a zero byte."""

    def __init__(self, program, language="en"):
        self.profile = tempfile.mkdtemp(prefix="sluice-browser-")
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                   "--remote-debugging-pipe", f"--user-data-dir={self.profile}", f"--accept-lang={language}",
                   "about:blank"]

        def place():
            high = [os.dup2(to_read, 100, False), os.dup2(to_write, 101, False)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        close_fds=False, preexec_fn=place)
        os.close(to_read)
        os.close(to_write)
        self._left, self._number, self._session = b"", 0, None
        target = next(one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=target["targetId"],
                                  flatten=True)["sessionId"]
        self.call("Page.enable")

    def call(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "result" in answer, answer
                return answer["result"]

    def _next(self):
        while b"\0" not in self._left:
            more = os.read(self._from, 1 << 16)
            assert more, "the browser has ended"
            self._left += more
        one, _, self._left = self._left.partition(b"\0")
        return json.loads(one)

    def ask(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def open(self, url):
        failed = self.call("Page.navigate", url=url).get("errorText")
        assert not failed, failed
        loaded = f"location.href == {json.dumps(url)} && document.readyState == 'complete'"
        self.until("the page is there", loaded)

    def until(self, what, expression):
        wait_until(what, lambda: self.ask(expression), LIMIT_S, 0.1)

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)

    def click(self, selector):
        """As a mouse does, in the middle of it."""
        box = self.ask(f"(b => [b.x + b.width / 2, b.y + b.height / 2])"
                       f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def key(self, name, code, text=""):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code,
                      **({"text": text} if text and kind == "keyDown" else {}))

    def picture(self, path):
        shot = self.call("Page.captureScreenshot", format="png")["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(shot))

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self.profile, ignore_errors=True)
