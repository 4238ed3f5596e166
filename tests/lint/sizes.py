#!/usr/bin/env python3
"""Sizes and the shape of headers, as STYLE rule 1 and 2: sizes.py SOURCE_DIR BUILD_DIR."""

import re
import statistics
import sys

from cpp_text import blanked, line_of, report, source_files

MAX_LINES = 500
MAX_TEST_LINES = 800
MAX_COLUMNS = 110
MAX_FUNCTION_LINES = 70
MAX_MEDIAN_LINES = 150

# What may stand between a parameter list and a body.
SPECIFIER = (
    r"(?:const|noexcept|override|final|mutable|try|&&?|->[^{};]*|requires[^{};]*|SLUICE_TS\([^{};]*\))"
)
BODY = re.compile(r"\)\s*(?:" + SPECIFIER + r"\s*)*$", re.DOTALL)
CONSTRUCTOR = re.compile(r"\)\s*(?:noexcept\s*)?:[^:]", re.DOTALL)
MEMBER_INITIALISER = re.compile(r"[:,]\s*[\w:]+(?:<[^{};]*>)?\s*$")
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
CONTAINER = re.compile(r"(?:^|[\s>])(?:namespace|class|struct|union)\b|\bextern\s*\"")


def opens(head):
    """What the brace after `head` begins: function, member (constructor initialiser), container or other."""
    if CONSTRUCTOR.search(head):
        return "member" if MEMBER_INITIALISER.search(head) else "function"
    if BODY.search(head) and "=" not in re.sub(r"operator\s*\S+|[=!<>]=|\([^()]*\)", "", head):
        return "function"
    return "container" if CONTAINER.search(head) else "other"


def functions(text):
    """(first line, lines) of every function body outside another function, by braces."""
    code = DIRECTIVE.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), blanked(text))
    found = []
    stack = []
    head_at = 0
    for match in re.finditer(r"[{};]", code):
        at = match.start()
        inside_function = any(kind in ("function", "other", "member") for kind, _ in stack)
        if match.group(0) == "{":
            head = code[head_at:at]
            kind = "other" if inside_function else opens(head)
            stack.append((kind, head_at + len(head) - len(head.lstrip())))
            if kind == "member":
                continue
        elif match.group(0) == "}" and stack:
            kind, start = stack.pop()
            if kind == "function":
                found.append((line_of(text, start), text.count("\n", start, at) + 1))
            if kind == "member" or (kind == "other" and stack and stack[-1][0] == "member"):
                continue
        if not any(kind == "member" for kind, _ in stack):
            head_at = at + 1
    return found


def is_test(source, path):
    return path.relative_to(source).parts[0] == "tests"


def check_file(source, path, text):
    findings = []
    lines = text.splitlines()
    limit = MAX_TEST_LINES if is_test(source, path) else MAX_LINES
    if len(lines) > limit:
        findings.append((path, limit + 1, f"{len(lines)} lines, and the limit is {limit}"))
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            findings.append((path, number, f"{len(line)} columns, and the limit is {MAX_COLUMNS}"))
    if path.suffix == ".py":
        return findings
    for number, length in functions(text):
        if length > MAX_FUNCTION_LINES:
            finding = f"a function of {length} lines, and the limit is {MAX_FUNCTION_LINES}"
            findings.append((path, number, finding))
    if path.suffix == ".hpp":
        code = [line for line in blanked(text).splitlines() if line.strip()]
        if not code or code[0].strip() != "#pragma once":
            findings.append((path, 1, "#pragma once must stand before any other code"))
    elif path.with_suffix(".hpp").exists():
        own = path.with_suffix(".hpp").relative_to(source).as_posix()
        if f'#include "{own}"' not in text:
            findings.append((path, 1, f'does not include its own header "{own}"'))
    return findings


def main(source, _build):
    findings = []
    lengths = []
    for path in source_files(source, (".cpp", ".hpp", ".py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        findings += check_file(source, path, text)
        if path.suffix != ".py" and not is_test(source, path):
            lengths.append(len(text.splitlines()))
    if lengths and statistics.median(lengths) > MAX_MEDIAN_LINES:
        median = statistics.median(lengths)
        text = f"the median file has {median:g} lines, and the limit is {MAX_MEDIAN_LINES}"
        findings.append((source, 0, text))
    return report(findings)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
