#!/usr/bin/env python3
"""A folder includes only from folders of a lower layer: layers.py SOURCE_DIR BUILD_DIR.

The table below is STYLE's "Layers"; the module table of CMakeLists.txt must name the same folders and link
downwards too. Tests and benchmarks may include anything.
"""

import pathlib
import re
import sys

from cpp_text import line_of, report, source_files

LAYERS = {
    "engine/base": 0,
    "metrics": 1,
    "throttle": 1,
    "engine/message": 1,
    "engine/store": 1,
    "queue": 2,
    "engine/net": 2,
    "engine/dns": 3,
    "engine/smtp": 3,
    "engine/http": 3,
    "engine/feedback": 3,
    "engine/shaping": 3,
    "engine/suppression": 3,
    "engine/inbound": 4,
    "engine/delivery": 4,
    "engine/webhook": 4,
    "engine/campaign": 4,
    "engine/sink": 4,
    "engine/control": 5,
    "config": 5,
    "engine/app": 6,
}
# config fills every module's Options, those of its sibling too.
ALSO_ALLOWED = {("config", "engine/control")}

UNKNOWN = "folder {} is in no layer; add it to tests/lint/layers.py and STYLE"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)
MODULE = re.compile(r"^sluice_module\(([^)]*)\)", re.MULTILINE)


def allowed(owner, target):
    return owner == target or LAYERS[target] < LAYERS[owner] or (owner, target) in ALSO_ALLOWED


def explain(owner, target):
    if LAYERS[owner] == LAYERS[target]:
        return f"{owner} and {target} are siblings (layer {LAYERS[owner]}) and never include each other"
    return f"{owner} (layer {LAYERS[owner]}) may not reach up to {target} (layer {LAYERS[target]})"


def check_includes(source):
    findings = []
    for path in source_files(source):
        owner = path.relative_to(source).parent.as_posix()
        if owner.split("/")[0] in ("tests", "bench"):
            continue
        if owner not in LAYERS:
            findings.append((path, 1, UNKNOWN.format(owner)))
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for match in INCLUDE.finditer(text):
            line = line_of(text, match.start())
            target = match.group(1).rpartition("/")[0]
            if target not in LAYERS:
                findings.append((path, line, f'"{match.group(1)}" is not named from the root of the tree'))
            elif not allowed(owner, target):
                findings.append((path, line, explain(owner, target)))
    return findings


def check_modules(source):
    path = pathlib.Path(source) / "CMakeLists.txt"
    text = path.read_text(encoding="utf-8")
    findings = []
    modules = [(line_of(text, match.start()), match.group(1).split()) for match in MODULE.finditer(text)]
    folders = {"sluice_" + words[0]: words[1] for _, words in modules}
    for line, words in modules:
        owner = words[1]
        if owner not in LAYERS:
            findings.append((path, line, UNKNOWN.format(owner)))
            continue
        for dependency in words[3:]:
            target = folders.get(dependency)
            if target in LAYERS and not allowed(owner, target):
                findings.append((path, line, explain(owner, target)))
    for folder in sorted(set(LAYERS) - set(folders.values())):
        findings.append((path, 1, f"layer table names {folder}, and no sluice_module does"))
    return findings


def main(source, _build):
    return report(check_modules(source) + check_includes(source))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
