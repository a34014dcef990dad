#!/usr/bin/env python3
"""Plants the bugs of tools/mutations/*.toml one at a time in a copy of the sources and expects the named test to fail.

Prints how each was found. Exit code 0 when the unchanged sources pass and every planted bug is found, else 1.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPIED = ["CMakeLists.txt", "CMakePresets.json", "cmake", "docs/layers.txt", "src"]


def copy_sources(tree):
    """Writes only files that differ, with a new time: ninja must see what a mutation of an earlier run left behind."""
    for name in COPIED:
        for source in [ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*"):
            target = tree / source.relative_to(ROOT)
            if source.is_dir() or (target.exists() and target.read_bytes() == source.read_bytes()):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())


def build(tree, test, jobs):
    command = ["ninja", "-C", str(tree / "build-dev"), "-j", str(jobs), test]
    return subprocess.run(command, capture_output=True, text=True)


def run_test(tree, test, test_filter, timeout_s):
    """Returns (passed, what the test said went wrong)."""
    command = [str(tree / "build-dev" / test), f"--gtest_filter={test_filter}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return False, f"did not end within {timeout_s} s"
    found = re.search(r"^(seed \d+: .*)$", done.stdout, re.M) or re.search(r"^(.*(?:CHECK|[Aa]ssert|check).*)$", done.stderr, re.M)
    return done.returncode == 0, found.group(1) if found else f"exit code {done.returncode}"


def try_mutation(tree, mutation, plan, arguments):
    """Returns (found, message)."""
    path = tree / mutation["file"]
    original = path.read_text()
    if original.count(mutation["find"]) != 1:
        return False, f"its text occurs {original.count(mutation['find'])} times in {mutation['file']}; correct the table"
    path.write_text(original.replace(mutation["find"], mutation["replace"]))
    try:
        built = build(tree, plan["test"], arguments.jobs)
        if built.returncode != 0:
            return False, "does not compile:\n" + built.stdout[-2000:]
        passed, message = run_test(tree, plan["test"], plan["filter"], arguments.timeout)
        return not passed, "NOT FOUND" if passed else message
    finally:
        path.write_text(original)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", type=pathlib.Path, help="default: all of tools/mutations/*.toml")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build-mutations", help="the copy is built here")
    parser.add_argument("--only", default="", help="run the mutations whose name contains this")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=int, default=300, help="seconds that one run of a test may take")
    arguments = parser.parse_args()

    copy_sources(arguments.work)
    subprocess.run(["cmake", "--preset", "dev", "-DCMAKE_CXX_FLAGS=-Wno-error"], cwd=arguments.work, check=True,
                   capture_output=True)
    num_missed = 0
    for table in arguments.tables or sorted((ROOT / "tools" / "mutations").glob("*.toml")):
        plan = tomllib.loads(table.read_text())
        built = build(arguments.work, plan["test"], arguments.jobs)
        if built.returncode != 0:
            sys.exit("The unchanged sources do not build:\n" + built.stdout[-2000:])
        passed, message = run_test(arguments.work, plan["test"], plan["filter"], arguments.timeout)
        if not passed:
            sys.exit(f"The unchanged sources fail {plan['test']}: {message}")
        for mutation in plan["mutation"]:
            if arguments.only not in mutation["name"]:
                continue
            start = time.monotonic()
            found, message = try_mutation(arguments.work, mutation, plan, arguments)
            num_missed += not found
            print(f"{'found ' if found else 'MISSED'} {mutation['name']} ({time.monotonic() - start:.0f} s): {message}",
                  flush=True)
    print(f"{num_missed} planted bugs were missed." if num_missed else "Every planted bug was found.")
    return 1 if num_missed else 0


if __name__ == "__main__":
    sys.exit(main())
