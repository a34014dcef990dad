#!/usr/bin/env python3
"""Checks that every #include in src/ stays inside the table of rooms (docs/layers.txt).

usage: tools/check_layers.py        prints each forbidden include; exit 1 if there is one
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#include\s+"([^"/]+)/[^"]+"')


def read_table(path):
    rooms = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            room, _, allowed = line.partition(":")
            rooms[room] = set(allowed.split())
    return rooms


def main():
    rooms = read_table(ROOT / "docs" / "layers.txt")
    faults = []
    order = list(rooms)
    for room, allowed in rooms.items():
        faults += [f"docs/layers.txt: {room} names {other}, which does not stand above it"
                   for other in allowed if other not in order[:order.index(room)]]
    for folder in sorted(p for p in (ROOT / "src").iterdir() if p.is_dir()):
        if folder.name not in rooms:
            faults.append(f"src/{folder.name}: not in docs/layers.txt")
            continue
        for file in sorted(folder.rglob("*")):
            if file.suffix not in (".h", ".cc", ".cu", ".cuh"):
                continue
            for number, line in enumerate(file.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if match and match[1] != folder.name and match[1] not in rooms[folder.name]:
                    faults.append(f"{file.relative_to(ROOT)}:{number}: {folder.name} may not include {match[1]}")
    print("\n".join(faults) if faults else f"layers: {len(rooms)} rooms, no forbidden include")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
