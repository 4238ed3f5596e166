"""/metrics of a running service, as numbers."""
import re
import urllib.request

SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')


def fetch(address, path="/metrics"):
    with urllib.request.urlopen(f"http://{address}{path}", timeout=20) as answer:
        return answer.read().decode()


class Page:
    def __init__(self, text):
        self.text = text
        self.samples = []
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            name, labels, value = SAMPLE.match(line).groups()
            self.samples.append((name, dict(LABEL.findall(labels or "")), float(value)))

    def sum(self, name, **labels):
        """Of all series of that name with these labels; 0 when there is none."""
        return sum(value for found, has, value in self.samples
                   if found == name and all(has.get(key) == wanted for key, wanted in labels.items()))

    def families(self):
        return {line.split()[2] for line in self.text.splitlines() if line.startswith("# TYPE ")}
