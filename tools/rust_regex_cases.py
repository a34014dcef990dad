#!/usr/bin/env python3
"""Picks the cases of rust-lang/regex's testdata that mean the same in ECMA-262, as JSON lines for the grammar room.

    tools/rust_regex_cases.py SHARED/data/structured/regex > testdata/grammar/rust_regex.jsonl

Run by hand; needs Python 3.11 (tomllib). A line: name, regex, haystack, found (the regex occurs in the haystack).
Left out: several patterns at once, byte (not UTF-8) haystacks, anchored and bounded searches, syntax that only Rust
has, and \\w, \\d, \\s, \\b (Unicode there, ASCII in ECMA-262) where the haystack is not ASCII.
"""

import json
import pathlib
import re
import sys
import tomllib

RUST_ONLY = re.compile(
    r"\[\[|\[:|&&|--|~~|\(\?[^:=!<is-]|\(\?[is]*[^:=!<is)P][^)]*\)|\\[AzGaQE<>U]|\\[pP][a-z]|\\b\{|\\x\{|\[\]|\[\^\]"
    r"|\\[pP]\{[a-z_]+=|[$^]\{|\{1,2500\}"
)


def usable(case):
    if not isinstance(case.get("regex"), str):
        return False
    skipped = ("bounds", "line-terminator", "anchored", "search-kind", "compiles")
    if any(key in case for key in skipped) or case.get("utf8") is False or case.get("unicode") is False:
        return False
    if case.get("unescape") and "\\x" in case["haystack"]:
        return False
    regex, haystack = case["regex"], case["haystack"]
    if RUST_ONLY.search(regex) or "\r" in haystack or "\u2028" in haystack:
        return False
    if not haystack.isascii() and re.search(r"\\[wdsbWDSB]", regex):
        return False
    return True


def main():
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.toml")):
        for case in tomllib.loads(path.read_text())["test"]:
            if not usable(case):
                continue
            regex, haystack = case["regex"], case["haystack"]
            if case.get("unescape"):
                haystack = haystack.encode().decode("unicode_escape")
            if case.get("case-insensitive"):
                regex = "(?i)" + regex
            row = {
                "name": f"{path.stem}/{case['name']}",
                "regex": regex,
                "haystack": haystack,
                "found": bool(case["matches"]),
            }
            print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
