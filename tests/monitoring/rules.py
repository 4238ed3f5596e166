#!/usr/bin/env python3
"""Alert rules, runbooks, docs/monitoring.md and the catalogue of metrics say the same: rules.py SOURCE_DIR.

promtool finds nothing wrong with the rules, and alerts/*.test.yml has series on which each alert fires and
others on which it stays quiet. Every alert has a severity and a runbook that names it and has its three
sections; every runbook belongs to an alert. Rules and page name only metrics there are, and the page names
each.
"""
import pathlib
import re
import shutil
import subprocess
import sys

METRIC = re.compile(r"\b(?:sluice|process)_[a-z_]+[a-z]\b")
SECTIONS = ["## What it means", "## How to see it", "## What to do"]


def test_files(root):
    return sorted((root / "tests/monitoring/alerts").glob("*.test.yml"))


def base_name(name, known):
    for suffix in ("", "_bucket", "_count", "_sum"):
        if name.endswith(suffix) and name[:len(name) - len(suffix)] in known:
            return name[:len(name) - len(suffix)]
    return None


def problems(root):
    known = set(re.findall(r'"((?:sluice|process)_[a-z_]+)"', (root / "metrics/catalog.hpp").read_text()))
    rules = (root / "metrics/alerts/sluice.rules.yml").read_text()
    page = (root / "docs/monitoring.md").read_text()
    tests = "".join(path.read_text() for path in test_files(root))
    for where, text in (("rules", rules), ("monitoring.md", page)):
        for name in sorted(set(METRIC.findall(text))):
            if not base_name(name, known):
                yield f"{where}: there is no metric {name}"
    for name in sorted(known - set(METRIC.findall(page))):
        yield f"monitoring.md does not name {name}"
    used = set()
    for rule in re.split(r"- alert: ", rules)[1:]:
        alert = rule.split()[0]
        runbook = re.search(r"runbook: (docs/runbooks/([a-z_]+)\.md)", rule)
        if not re.search(r"severity: (critical|warning|info)", rule):
            yield f"{alert} has no severity"
        if not runbook or not (root / runbook[1]).exists():
            yield f"{alert} has no runbook"
            continue
        used.add(runbook[2])
        text = (root / runbook[1]).read_text()
        if f"`{alert}`" not in text or any(section not in text for section in SECTIONS):
            yield f"{runbook[1]} does not name {alert}, or lacks one of {SECTIONS}"
        if alert not in page:
            yield f"monitoring.md does not name {alert}"
        for kind in ("fires", "quiet"):
            if f'name: "{alert} {kind}: ' not in tests:
                yield f"no test of tests/monitoring/alerts shows when {alert} {kind}"
    for path in sorted((root / "docs/runbooks").glob("*.md")):
        if path.stem not in used:
            yield f"{path.name} belongs to no alert"


def main(source):
    root = pathlib.Path(source)
    found = list(problems(root))
    print("\n".join(found))
    if found:
        return 1
    if not shutil.which("promtool"):
        return 77
    rules = root / "metrics/alerts/sluice.rules.yml"
    for command in (["check", "rules", rules], ["test", "rules", *test_files(root)]):
        done = subprocess.run(["promtool", *map(str, command)], check=False)
        if done.returncode != 0:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
