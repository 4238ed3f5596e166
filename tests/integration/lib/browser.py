"""Pages as a person would see them: headless Chromium, at a width, in light or dark, with nothing but
127.0.0.1 to be reached. Skips the scenario where Chromium is missing."""
import base64
import http.server
import json
import re
import shutil
import subprocess
import tempfile
import threading

from lib.scenario import skip

LIMIT_S = 60
# A frame gives the width: the window itself is never narrower than 500 pixels.
FRAME = """<!doctype html><meta charset="utf-8"><body style="margin:0">
<iframe id="f" src="%s" style="border:0;width:%dpx;height:%dpx"></iframe><pre id="out"></pre><script>
document.getElementById("f").addEventListener("load", () => {
  const page = document.getElementById("f").contentDocument, found = {};
  found.width = page.documentElement.scrollWidth;
  found.height = page.documentElement.scrollHeight;
  found.background = getComputedStyle(page.body).backgroundColor;
  found.ink = getComputedStyle(page.body).color;
  found.text = page.body.innerText;
  found.cut = [...page.querySelectorAll("h1,h2,h3,td,th,p,li,code,a,label,button")]
    .filter((e) => e.getBoundingClientRect().right > %d + 1 && e.offsetParent).map((e) => e.innerText);
  found.scripts = page.scripts.length;
  document.getElementById("out").textContent = "FOUND" + btoa(unescape(encodeURIComponent(
    JSON.stringify(found)))) + "END";
});</script></body>"""


class Browser:
    """Serves the files it is given, and looks at them."""

    def __init__(self, scene):
        self.binary = shutil.which("chromium")
        if not self.binary:
            skip("chromium is not installed")
        self.folder = scene.folder / "browser"
        self.folder.mkdir()
        self.asked = []
        self.files = {}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        scene.ends_with(self.server.shutdown)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"

    def _handler(self):
        browser = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                browser.asked.append(self.path)
                known = browser.files.get(self.path.partition("?")[0])
                self.send_response(200 if known is not None else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(known or b"")

            def log_message(self, *_):
                pass

        return Handler

    def _run(self, *arguments, dark=False):
        # 0 is dark, 1 light.
        with tempfile.TemporaryDirectory(dir=self.folder) as profile:
            command = [self.binary, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                       "--disable-dev-shm-usage", f"--user-data-dir={profile}", "--no-first-run",
                       "--disable-extensions", "--disable-background-networking",
                       "--virtual-time-budget=10000",
                       "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                       f"--blink-settings=preferredColorScheme={0 if dark else 1}", *arguments]
            return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=True).stdout

    def look(self, page, width, dark=False, height=900):
        """What is seen of a page (bytes): its `width`, `text`, `background`, `ink`, and `cut`: the texts that
        reach beyond the right edge."""
        self.files = {"/frame": (FRAME % ("/page", width, height, width)).encode(), "/page": page}
        self.asked = []
        dom = self._run("--dump-dom", f"--window-size={max(width, 500)},{height}", f"{self.origin}/frame",
                        dark=dark)
        found = re.search(r"FOUND([A-Za-z0-9+/=]+)END", dom)
        assert found, f"the page did not load: {dom[-500:]}"
        return json.loads(base64.b64decode(found[1]))

    def dom(self, url):
        """The page at `url` as it is after it loaded, as HTML."""
        return self._run("--dump-dom", url)

    def picture(self, url, name, width=1200, height=1600, dark=False):
        """A PNG of the page at `url`; its path."""
        path = self.folder / name
        self._run(f"--screenshot={path}", f"--window-size={width},{height}", url, dark=dark)
        assert path.read_bytes().startswith(b"\x89PNG"), name
        return path

    def serve(self, page):
        """A URL of these bytes."""
        self.files = {"/page": page}
        self.asked = []
        return f"{self.origin}/page"

    def paper(self, page):
        """The page printed: how many sheets."""
        path = self.folder / "page.pdf"
        self._run(f"--print-to-pdf={path}", "--no-pdf-header-footer", self.serve(page))
        return len(re.findall(rb"/Type\s*/Page\b", path.read_bytes()))


def brightness(colour):
    """Of "rgb(1, 2, 3)": 0 to 255."""
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 3
