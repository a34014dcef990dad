#!/usr/bin/env python3
"""Counts the tests of JUnit files written by ctest and pytest; names the failed, and the skipped with their reasons.

usage: test_report.py [--exit-status N]... FILE.xml...

The last line is "N passed, N failed, N skipped". Exit status 1 when a test failed, when none ran, when a file is missing,
or when a runner's own --exit-status is not 0.
"""
import argparse
import pathlib
import re
import sys
import xml.etree.ElementTree

GTEST_SKIP = re.compile(r": Skipped\n(.*?)\n(?:\n|\[)", re.S)


def skip_reason(case):
    """Why a test was skipped, or None: ctest also calls `skipped` what it could not start, and that is a failure."""
    skipped = case.find("skipped")
    if skipped is None:
        return None
    if case.get("status") is None:  # pytest
        return skipped.get("message") or "no reason given"
    if not skipped.get("message", "").startswith("SKIP_"):
        return None
    match = GTEST_SKIP.search(case.findtext("system-out") or "")
    return " ".join(match[1].split()) if match else "no reason given"


def read(path):
    """Yields (name, "passed" | "failed" | "skipped", reason)."""
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name = case.get("name")
        if case.get("status") is None:
            name = f"{case.get('classname')}::{name}"
        reason = skip_reason(case)
        if reason is not None:
            yield name, "skipped", reason
        elif case.find("failure") is not None or case.find("error") is not None or case.find("skipped") is not None:
            yield name, "failed", ""
        elif case.get("status", "run") != "run":
            yield name, "failed", ""
        else:
            yield name, "passed", ""


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--exit-status", type=int, action="append", default=[])
    arguments.add_argument("files", nargs="+", type=pathlib.Path)
    options = arguments.parse_args()

    counts = {"passed": 0, "failed": 0, "skipped": 0}
    complaints = []
    skipped = {}
    for path in options.files:
        try:
            results = list(read(path))
        except (OSError, xml.etree.ElementTree.ParseError) as error:
            complaints.append(f"no results: {path}: {error}")
            continue
        for name, outcome, reason in results:
            counts[outcome] += 1
            if outcome == "skipped":
                skipped.setdefault(reason, []).append(name)
            if outcome == "failed":
                complaints.append(f"failed: {name}")
    if not complaints and any(options.exit_status):
        complaints.append(f"a test runner ended with status {max(options.exit_status)} though no test of it failed")
    if sum(counts.values()) == 0:
        complaints.append("no test ran")

    print()
    for reason, names in skipped.items():
        print(f"skipped: {names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {reason}")
    for complaint in complaints:
        print(complaint)
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
