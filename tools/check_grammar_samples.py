#!/usr/bin/env python3
"""Do Weft's grammars only allow what the schemas do? By hand:

    pip install "jsonschema[format-nongpl]"
    tools/check_grammar_samples.py --weft build/weft --cases .../jsonschemabench_maskbench.jsonl --count 20

`weft grammar sample --jsonl` draws random texts by the token masks of every supported schema; each finished text must
be JSON, valid by Python's jsonschema (formats checked), and no text may run into a state without a legal token.
Prints every failure, then the counts; ends with 1 when there was one.
"""
import argparse
import collections
import json
import re
import subprocess
import sys
import warnings

import jsonschema


def validator_of(schema):
    """Of the draft that `$schema` names, else 2020-12; `items` as an array means an older one."""
    cls = jsonschema.validators.validator_for(schema, default=None)
    if cls is None:
        text = json.dumps(schema)
        old = re.search(r'"items": \[|"definitions"|"dependencies"', text)
        exclusive = re.search(r'"exclusiveM(in|ax)imum": (true|false)', text)
        cls = (jsonschema.Draft4Validator if exclusive else jsonschema.Draft7Validator if old
               else jsonschema.Draft202012Validator)
    return cls(schema, format_checker=cls.FORMAT_CHECKER)


def fault_of(validator, text):
    try:
        instance = json.loads(text)
    except ValueError as error:
        return f"not JSON: {error}"
    try:
        error = next(validator.iter_errors(instance), None)
    except Exception as failure:  # the oracle's own: unresolvable references, patterns Python does not have
        return f"oracle: {type(failure).__name__}: {failure}"
    if error is None:
        return None
    where = "/".join(map(str, error.absolute_schema_path))
    return f"{error.message[:160]} ({where})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weft", default="build/weft")
    parser.add_argument("--cases", required=True)
    parser.add_argument("--tokenizer")
    parser.add_argument("--count", default="20")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--stride", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with open(options.cases, encoding="utf-8") as file:
        cases = [json.loads(line) for number, line in enumerate(file) if number % options.stride == 0]
    command = [options.weft, "grammar", "sample", "--jsonl", "--count", options.count, "--seed", options.seed]
    if options.tokenizer:
        command += ["--tokenizer", options.tokenizer]
    lines = "".join(json.dumps({"schema": case["schema"]}) + "\n" for case in cases)
    done = subprocess.run(command, input=lines, stdout=subprocess.PIPE, text=True, check=True)
    counts = collections.Counter()
    for case, line in zip(cases, done.stdout.splitlines(), strict=True):
        name = case.get("id") or f"{case.get('file')}: {case.get('description')}"
        answer = json.loads(line)
        if not answer["supported"]:
            counts["schemas not supported"] += 1
            continue
        counts["schemas"] += 1
        validator = validator_of(case["schema"])
        for text in answer["texts"]:
            counts["texts"] += 1
            fault = fault_of(validator, text)
            if fault and fault.startswith("oracle"):
                counts["texts that the oracle can't judge"] += 1
            elif fault:
                counts["invalid texts"] += 1
                print(f"{name}: {fault}: {text[:400]!r}")
        counts["cut off"] += len(answer["cut"])
        for message in answer["dead_ends"]:
            counts["dead ends"] += 1
            print(f"{name}: dead end: {message[:400]}")
        if answer["cut"] and not answer["texts"]:
            counts["schemas without a finished text"] += 1
            print(f"{name}: every text was cut off, e.g. {answer['cut'][0][:200]!r}")
    print(", ".join(f"{value} {key}" for key, value in counts.items()))
    sys.exit(1 if counts["invalid texts"] or counts["dead ends"] else 0)


if __name__ == "__main__":
    main()
