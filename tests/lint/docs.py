#!/usr/bin/env python3
"""What pages say that can be checked cheaply: docs.py SOURCE_DIR BUILD_DIR.

Links of *.md to files of the tree, and to headings of a page, lead somewhere. README's table of verbs
and engine/app/verbs.cpp name the same verbs. Every folder and file that ARCHITECTURE.md puts in backquotes
exists.
"""

import os
import pathlib
import re
import sys

from cpp_text import line_of, report

LINK = re.compile(r"\[[^\]\[]*\]\(([^)\s]+)\)")
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
ROW = re.compile(r"^\| `([a-z]+)` \|", re.MULTILINE)
VERB = re.compile(r'Verb\{"([a-z]+)"')
PATH = re.compile(r"`((?:engine|queue|throttle|config|bench|tests|docs|metrics)(?:/[a-z_./]*)?)`")


def pages(root):
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders
                            if not f.startswith((".", "build")) and f not in ("node_modules", "corpus"))
        for name in sorted(files):
            if name.endswith(".md"):
                yield pathlib.Path(folder) / name


def anchors(text):
    """As GitHub makes them: lower case, no punctuation, hyphens for spaces."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in HEADING.findall(CODE_BLOCK.sub("", text))}


def check_links(page, root):
    text = page.read_text(encoding="utf-8")
    for link in LINK.finditer(text):
        target, _, anchor = link.group(1).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        to = page.parent / target if target else page
        line = line_of(text, link.start())
        if not to.exists():
            yield page.relative_to(root), line, f"{target} does not exist"
        elif anchor and to.suffix == ".md" and anchor not in anchors(to.read_text(encoding="utf-8")):
            yield page.relative_to(root), line, f"{target} has no heading #{anchor}"


def check_verbs(root):
    readme, code = root / "README.md", root / "engine/app/verbs.cpp"
    if not readme.exists() or not code.exists():
        return
    text = readme.read_text(encoding="utf-8")
    told = {row.group(1): line_of(text, row.start()) for row in ROW.finditer(text)}
    real = set(VERB.findall(code.read_text(encoding="utf-8")))
    for verb in sorted(real - told.keys()):
        yield readme.relative_to(root), 1, f"the table of verbs lacks {verb}"
    for verb in sorted(told.keys() - real):
        yield readme.relative_to(root), told[verb], f"there is no verb {verb}"


def check_paths(root):
    page = root / "ARCHITECTURE.md"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    for path in PATH.finditer(text):
        if not (root / path.group(1)).exists():
            yield page.relative_to(root), line_of(text, path.start()), f"{path.group(1)} does not exist"


def main(source, _build):
    root = pathlib.Path(source)
    findings = [found for page in pages(root) for found in check_links(page, root)]
    findings += check_verbs(root)
    findings += check_paths(root)
    return report(findings)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
