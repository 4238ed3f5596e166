"""A real Prometheus that scrapes one service, for as long as a scenario runs."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from lib.dns_server import free_port  # noqa: E402
from lib.processes import Child, wait_until  # noqa: E402
from lib.scenario import skip  # noqa: E402

START_LIMIT_S = 60
CONFIG = """global: {{scrape_interval: {every}, evaluation_interval: {every}}}
rule_files: [{rules}]
scrape_configs:
  - job_name: sluice
    static_configs: [{{targets: ["{target}"]}}]
"""


class Prometheus:
    """Scrapes `target` and evaluates `rules` (a file) every second. Ended with the scene."""

    def __init__(self, scene, target, rules=None, every="1s"):
        if not shutil.which("prometheus"):
            skip("there is no prometheus")
        folder = scene.folder / "prometheus"
        folder.mkdir()
        config = folder / "prometheus.yml"
        config.write_text(CONFIG.format(every=every, target=target, rules=rules or ""))
        subprocess.run(["promtool", "check", "config", str(config)], check=True, capture_output=True)
        self.address = f"127.0.0.1:{free_port()}"
        self.child = Child(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
                            f"--web.listen-address={self.address}"], folder / "serve.log",
                           {"GOMAXPROCS": "1"})
        scene.ends_with(self.child.kill)
        wait_until("prometheus is ready", self._ready, START_LIMIT_S, 0.2)

    def _ready(self):
        try:
            with urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            assert self.child.alive(), self.child.log()
            return False

    def get(self, path, **parameters):
        """`data` of the answer; AssertionError with Prometheus' words when it refuses."""
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def values(self, expression, start, end):
        """Every number the expression had in that time, NaN left out."""
        series = self.get("query_range", query=expression, start=start, end=end, step=1)["result"]
        return [value for one in series for _, value in one["values"] if value != "NaN"]

    def value(self, expression):
        """The sum of what it is now; 0 when there is nothing."""
        return sum(float(one["value"][1]) for one in self.get("query", query=expression)["result"])

    def firing(self):
        """{(alert, its provider or "")}."""
        return {(one["labels"]["alertname"], one["labels"].get("provider", ""))
                for one in self.get("alerts")["alerts"] if one["state"] == "firing"}



def metrics_address(service):
    """Of a service that was just started with [http] listen."""
    line = service.child.line_that(lambda text: text.strip().startswith("http="))
    return line.partition("=")[2].strip()


def long_run():
    return bool(os.environ.get("SLUICE_LONG"))
