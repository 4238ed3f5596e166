"""C++ source as the lints see it: the files of the tree, and their text without comments and literals."""

import pathlib
import re

ROOTS = ("engine", "metrics", "throttle", "queue", "config", "bench", "tests")

_BLANKED = re.compile(
    r'R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'  # raw string
    r'|//[^\n]*'
    r"|/\*.*?\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)


def source_files(source, suffixes=(".cpp", ".hpp")):
    """Every file of ours with one of the suffixes, sorted; build folders hold none."""
    root = pathlib.Path(source)
    found = []
    for name in ROOTS:
        for path in (root / name).rglob("*"):
            if path.suffix in suffixes and path.is_file() and "node_modules" not in path.parts:
                found.append(path)
    return sorted(found)


def _blank(match):
    text = match.group(0)
    if text.startswith(("//", "/*")):
        return re.sub(r"[^\n]", " ", text)
    return '"' + re.sub(r"[^\n]", " ", text[1:-1]) + '"'


def blanked(text):
    """The same text, same positions and lines, with comments and the insides of literals as spaces."""
    return _BLANKED.sub(_blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def report(findings):
    """Prints (path, line, text) findings; the exit code."""
    for path, line, text in findings:
        print(f"{path}:{line}: {text}")
    return 1 if findings else 0
