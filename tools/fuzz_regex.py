#!/usr/bin/env python3
"""Compares Weft's regular expressions with Python's `re` on random patterns and texts. Run by hand.

    tools/fuzz_regex.py WEFT_BINARY [--seed N] [--patterns N] [--tokenizer FILE]

Asks `weft grammar check --jsonl` for schemas {"type": "string", "pattern": ...}; half of the patterns are anchored.
Prints every difference and exits with 1 if there is one. What Weft refuses with a reason is counted, not a difference.
"""

import argparse
import json
import random
import re
import subprocess
import sys

SETS = ["[ab]", "[^a]", "[a-c]", r"\w", r"\d", r"\W", r"[^\w]", "é", "[à-ü]", "[^é]"]
QUANTIFIERS = [""] * 6 + ["*", "+", "?", "{2}", "{1,2}", "{0,1}", "*?", "+?", "{2,}"]


def atom(rng, depth):
    """One atom, and whether it may be repeated."""
    r = rng.random()
    if r < 0.45:
        return rng.choice("abc"), True
    if r < 0.6:
        return rng.choice(SETS), True
    if r < 0.66:
        return rng.choice(["^", "$", r"\b", r"\B"]), False
    if r < 0.74 and depth > 0:
        return f"({rng.choice(['?=', '?!'])}{expression(rng, depth - 1)})", False
    if r < 0.78:
        return f"({rng.choice(['?<=', '?<!'])}{''.join(rng.choice('abc') for _ in range(rng.randint(1, 2)))})", False
    if depth > 0:
        return f"({rng.choice(['', '?:'])}{expression(rng, depth - 1)})", True
    return rng.choice("abc"), True


def term(rng, depth):
    text, repeatable = atom(rng, depth)
    return text + rng.choice(QUANTIFIERS) if repeatable else text


def expression(rng, depth):
    arms = rng.choice([1, 1, 1, 2, 3])
    return "|".join("".join(term(rng, depth) for _ in range(rng.randint(0, 4))) for _ in range(arms))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weft")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patterns", type=int, default=1000)
    parser.add_argument("--tokenizer")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    cases = []
    while len(cases) < arguments.patterns:
        pattern = expression(rng, 3)
        if rng.random() < 0.5:
            pattern = f"^(?:{pattern})$"
        try:
            # Python's $ also matches before a last newline; its \B never matches in the empty text.
            compiled = re.compile(pattern.replace("$", r"\Z"), re.ASCII)
        except re.error:
            continue
        texts = {"".join(rng.choice("aaabbbc c1é") for _ in range(rng.randint(0, 6))) for _ in range(20)}
        texts.discard("") if r"\B" in pattern else texts.add("")
        cases.append((pattern, compiled, sorted(texts)))
    command = [arguments.weft, "grammar", "check", "--jsonl"]
    if arguments.tokenizer:
        command += ["--tokenizer", arguments.tokenizer]
    lines = [json.dumps({"schema": {"type": "string", "pattern": p}, "instances": t}) for p, _, t in cases]
    answers = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, check=True).stdout
    refused = differences = 0
    for (pattern, compiled, texts), line in zip(cases, answers.splitlines(), strict=True):
        answer = json.loads(line)
        if not answer["supported"]:
            refused += 1
            continue
        for text, accepted in zip(texts, answer["accepted"], strict=True):
            if accepted != bool(compiled.search(text)):
                differences += 1
                print(f"{pattern!r} on {text!r}: Weft {accepted}, Python {not accepted}")
    print(f"{len(cases)} patterns, {refused} refused, {differences} differences")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
