#!/usr/bin/env python3
"""Waiting is its own statement, and nothing is spawned without an owner: coroutines.py SOURCE_DIR BUILD_DIR.

`co_await f(x);` or `auto r = co_await f(x);`. g++ 12 miscompiles a co_await in a condition and aggregate
temporaries as arguments of a coroutine; and a reader should see every point where the world may change.
"""

import re
import sys

from cpp_text import blanked, line_of, report, source_files

AWAIT = re.compile(r"\bco_await\b")
DETACHED = re.compile(r"::\s*detached\b")
# A declaration or assignment, or nothing at all, before co_await.
OWN_STATEMENT = re.compile(r"\s*(?:[\w:<>,&*\s\[\].\-]*[^=!<>+|]=\s*)?(?:\(void\)\s*)?")
CONTROL = re.compile(r"\s*(?:(?:else\s+)?if\s*(?:constexpr\s*)?|for\s*|while\s*)\(")
LABEL = re.compile(r"\s*(?:else\b|do\b|case\s(?:[^:;]|::)+:(?!:)|default\s*:)")
LAMBDA_BEFORE_BRACE = re.compile(r"\[[^\[\]]*\]\s*(?:\([^()]*\))?[^;{}()]*$")


def without_control(prefix):
    """`if (x) ` and labels removed from the front, if their parentheses close before the end."""
    while True:
        if label := LABEL.match(prefix):
            prefix = prefix[label.end():]
            continue
        match = CONTROL.match(prefix)
        if not match:
            return prefix
        depth = 1
        for at in range(match.end(), len(prefix)):
            depth += {"(": 1, ")": -1}.get(prefix[at], 0)
            if depth == 0:
                prefix = prefix[at + 1:]
                break
        else:
            return prefix


def statement_start(code, at):
    """Just behind the ; { or } before `at` that stands outside parentheses closed again before `at`."""
    depth = 0
    while at > 0:
        depth += {")": 1, "(": -1}.get(code[at - 1], 0)
        if code[at - 1] in ";{}" and depth <= 0:
            break
        at -= 1
    return at


def check_text(text):
    """(line, finding) for each co_await that is not its own statement, and each detached spawn."""
    code = blanked(text)
    found = []
    for match in AWAIT.finditer(code):
        start = statement_start(code, match.start())
        prefix = code[start:match.start()]
        if prefix.rstrip().endswith("operator"):
            continue
        line = line_of(code, match.start())
        if not OWN_STATEMENT.fullmatch(without_control(prefix)):
            found.append((line, "co_await must be its own statement: auto r = co_await f(named);"))
            continue
        end = re.compile(r"[;{}]").search(code, match.end())
        if end and end.group(0) == "{" and not LAMBDA_BEFORE_BRACE.search(code[match.end():end.start()]):
            found.append((line, "a braced temporary in what is awaited: name it on the line before"))
    for match in DETACHED.finditer(code):
        found.append((line_of(code, match.start()), "detached has no owner: spawn through a task group"))
    return found


def main(source, _build):
    findings = []
    for path in source_files(source):
        text = path.read_text(encoding="utf-8", errors="replace")
        findings += [(path, line, finding) for line, finding in check_text(text)]
    return report(findings)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
