"""The shipped alert rules on a faster clock, for a day that lasts a minute.

Every duration is divided by FACTOR: `for:`, ranges (`[15m]`) and the horizon of predict_linear. An age
that a rule compares with is divided by AGES. Volumes, shares and everything else stay as shipped, so
the scenario must really produce what a rule asks for.
"""
import re

FACTOR = 30
AGES = {"sluice_thread_stalled_seconds > 30": "sluice_thread_stalled_seconds > 3"}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def shorter(match):
    """At least two scrapes: increase() needs them."""
    return f"{max(3, int(match[1]) * UNITS[match[2]] // FACTOR)}s"


def faster(rules):
    rules = re.sub(r"(?<=\[)(\d+)([smhd])(?=\])", shorter, rules)
    rules = re.sub(r"(?<=for: )(\d+)([smhd])", shorter, rules)
    rules, found = re.subn(r"4 \* 3600\) <", f"{4 * 3600 // FACTOR}) <", rules)
    assert found == 1, "the horizon of predict_linear has changed"
    for shipped, scaled in AGES.items():
        assert shipped in rules, shipped
        rules = rules.replace(shipped, scaled)
    return rules
