#!/usr/bin/env python3
"""Prints how long files and functions are; fails above the hard caps.

usage: tools/size_report.py

Aims: files median 150, p95 500 lines; functions p95 45. Caps: file 800; function 100, in src/kernels/ 250.
"""
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CPP = {".h", ".cc", ".cu", ".cuh"}
OTHER_CODE = {".py", ".sh", ".js", ".css", ".html", ".cmake"}
FILE_CAP = 800
FUNCTION_CAP = 100
KERNEL_CAP = 250
NOT_A_FUNCTION = re.compile(
    r"\s*(?:(?:namespace|class|struct|union|enum|extern|if|for|while|switch|do|else|return)\b|#|//|\})")


def functions(lines):
    """(name, first line, length) of each function of clang-formatted code: from its first line to the } below it."""
    number = 0
    while number < len(lines):
        start = lines[number]
        indent = len(start) - len(start.lstrip())
        if not start.strip() or indent > 4 or NOT_A_FUNCTION.match(start):
            number += 1
            continue
        head = number
        while head < len(lines) - 1 and not lines[head].rstrip().endswith(("{", ";", "}", ":")):
            head += 1
        text = " ".join(line.strip() for line in lines[number:head + 1])
        # A lambda belongs to the table or function that it stands in.
        if not lines[head].rstrip().endswith("{") or "(" not in text or text.startswith(("[", "{")):
            number = head + 1
            continue
        end = head + 1
        while end < len(lines) - 1 and not lines[end].startswith(" " * indent + "}"):
            end += 1
        name = text.split("(")[0].split()[-1] if not text.startswith("TEST") else text.split("{")[0].strip()
        yield name, number + 1, end - number + 1
        number = end + 1


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


def main():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split("\n")
    faults = []
    file_sizes = {}
    function_sizes = {}
    for name in filter(None, listed):
        path = ROOT / name
        if path.suffix not in CPP | OTHER_CODE or not path.is_file():
            continue
        lines = path.read_text().split("\n")
        if len(lines) - 1 > FILE_CAP:
            faults.append(f"{name}: {len(lines) - 1} lines, the cap is {FILE_CAP}")
        if path.suffix not in CPP:
            continue
        file_sizes[name] = len(lines) - 1
        cap = KERNEL_CAP if name.startswith("src/kernels/") else FUNCTION_CAP
        for function, first, length in functions(lines):
            function_sizes[f"{name}:{first} {function}"] = length
            if length > cap:
                faults.append(f"{name}:{first}: {function} has {length} lines, the cap is {cap}")

    for title, sizes in (("files", file_sizes), ("functions", function_sizes)):
        if not sizes:
            continue
        values = list(sizes.values())
        print(f"{title}: {len(values)}, median {statistics.median(values):g} lines, p95 {percentile(values, 0.95)}; longest:")
        for name in sorted(sizes, key=sizes.get, reverse=True)[:5]:
            print(f"  {sizes[name]:4} {name}")
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
