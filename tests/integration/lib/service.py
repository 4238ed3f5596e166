"""`sluice serve` with a configuration and directories of its own."""
import json
import pathlib
import re
import subprocess
import time

from lib.processes import Child, START_LIMIT_S

COMMAND_LIMIT_S = 60

BASE = """data_dir = "{data}"
[log]
format = "text"
[spool]
dir = "{spool}"
settle = "1s"
[[source]]
name = "a"
address = "127.0.0.1"
ehlo = "mta-a.shop.test"
[[pool]]
name = "default"
sources = ["a"]
[[policy]]
name = "site"
match = {{ source = "*", site = "*" }}
message_rate = "100000/s"
connections = {connections}
connection_rate = "1000/s"
[[policy]]
name = "domain"
match = {{ domain = "*" }}
message_rate = "100000/s"
"""


class Service:
    """One data directory; start() and kill() or stop() as often as wanted."""

    def __init__(self, binary, folder, connections=10, disk=None):
        self.binary = binary
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = pathlib.Path(disk or self.folder) / "data"
        self.spool = pathlib.Path(disk or self.folder) / "spool"
        self.config = self.folder / "sluice.toml"
        self.keys = {}
        self.facts = {}
        self.child = None
        self.starts = 0
        self.environment = {}
        self._text = BASE.format(data=self.data, spool=self.spool, connections=connections)

    def configure(self, text):
        """Appends TOML."""
        self._text += text + "\n"
        return self

    def route(self, domain, address):
        return self.configure(f'[[route]]\nmatch = {{ domain = "{domain}" }}\nhosts = ["{address}"]')

    def sign(self, domain="shop.test", selector="s1", algorithm="rsa"):
        """A new key for the domain; its DNS record goes to `keys` by name."""
        path = self.folder / f"{selector}.{domain}.pem"
        made = subprocess.run([self.binary, "dkim", "keygen", "--domain", domain, "--selector", selector,
                               "--algorithm", algorithm, "--out", str(path), "--json"],
                              check=True, capture_output=True, text=True, timeout=COMMAND_LIMIT_S)
        answer = json.loads(made.stdout)
        self.keys[answer["name"].rstrip(".")] = answer["record"]
        return self.configure(f'[[dkim]]\ndomain = "{domain}"\nselector = "{selector}"\nkey_file = "{path}"')

    def unsigned(self, *domains):
        names = ", ".join(f'"{domain}"' for domain in domains)
        return self.configure(f'[[sender]]\ntenant = "default"\nfrom_domains = [{names}]')

    def start(self):
        self.launch()
        first = self.child.line_that(lambda line: line.startswith("ready"))
        self.facts = dict(re.findall(r"(\w+)=(.*)", first))
        self.child.line_that(lambda line: self._fact(line) == "control")
        return self

    def launch(self):
        """Starts the process and waits for nothing."""
        self.config.write_text(self._text)
        self.starts += 1
        command = [self.binary, "serve", "--config", str(self.config)]
        self.child = Child(command, self.folder / "serve.log", self.environment)

    def address(self, name):
        """Of a door that is told behind the first few facts: http, bounce, public, smtp."""
        if name not in self.facts:
            self.child.line_that(lambda line: self._fact(line) == name)
        return self.facts[name]

    def _fact(self, line):
        name, _, value = line.strip().partition("=")
        self.facts[name] = value
        return name

    def kill(self):
        if self.child:
            self.child.kill()

    def stop(self, limit_s=START_LIMIT_S):
        """The exit code after SIGTERM, and how long it took."""
        begun = time.monotonic()
        code = self.child.stop(limit_s)
        return code, time.monotonic() - begun

    def run(self, *arguments, check=True, limit_s=COMMAND_LIMIT_S):
        """A verb of the command line with this service's configuration."""
        done = subprocess.run([self.binary, *arguments, "--config", str(self.config)], capture_output=True,
                              text=True, timeout=limit_s)
        if check and done.returncode != 0:
            output = done.stdout + done.stderr
            raise AssertionError(f"{' '.join(arguments)} ended with {done.returncode}: {output}")
        return done

    def begin(self, *arguments):
        """A verb that goes on while the test does."""
        command = [self.binary, *arguments, "--config", str(self.config)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def campaign(self, campaign_id):
        """The campaign as the control socket shows it; None while it is not known."""
        done = self.run("campaign", "show", campaign_id, "--json", check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def log(self):
        return self.child.log() if self.child else ""
