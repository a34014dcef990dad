#!/usr/bin/env python3
"""Weft's structured output beside XGrammar's, on the same schemas, instances and tokens, in one run. By hand:

    pip install xgrammar==0.2.8 tokenizers tiktoken
    tools/compare_xgrammar.py --weft build/weft --cases .../jsonschemabench_maskbench.jsonl \\
        --tokenizer qwen3=.../qwen3/tokenizer.json --tokenizer llama3=.../llama3-tokenizer.model --out DIR

For every schema: compile it, then, for every instance (written as json.dumps writes it), ask for a mask before every
token, look the token up in it, accept it, and at the end look the end token up in a last mask. One thread on both
sides, no cache from one schema to the next. Times are CPU time of the working thread, less what reading the clock and
(for XGrammar) an empty call through its Python binding cost; so a busy machine does not blur them, and XGrammar does
not pay for Python. `--side` runs one side only, keeping the other's results in DIR.
"""
import argparse
import base64
import json
import os
import select
import subprocess
import sys
import time

LLAMA3_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                  r"|\s*[\r\n]+|\s+(?!\S)|\s+")
MAX_CPU_S = 60  # of one schema with its instances


class Number(str):
    """A number as its JSON text has it."""


def load_json(text):
    return json.loads(text, parse_float=Number, parse_int=Number)


def dump_json(value):
    """What json.dumps writes, numbers as given."""
    out = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            out.append(item[0])
        elif isinstance(item, Number):
            out.append(str(item))
        elif isinstance(item, (dict, list)):
            opening, closing = "{}" if isinstance(item, dict) else "[]"
            out.append(opening)
            parts = []
            for index, entry in enumerate(item):
                if index:
                    parts.append((", ",))
                if isinstance(item, dict):
                    parts.append((json.dumps(entry) + ": ",))
                    entry = item[entry]
                parts.append(entry)
            stack.append((closing,))
            stack.extend(reversed(parts))
        else:
            out.append(json.dumps(item))
    return "".join(out)


def load_cases(path, stride):
    cases = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file):
            if number % stride:
                continue
            case = load_json(line)
            cases.append({"id": case["id"], "schema": dump_json(case["schema"]),
                          "instances": [dump_json(test["data"]) for test in case["tests"]],
                          "valid": [test["valid"] for test in case["tests"]]})
    return cases


# ---- XGrammar -------------------------------------------------------------------------------------------------------

def load_tokenizer(path):
    """(encode: text -> ids, XGrammar's TokenizerInfo, id of the end token)"""
    import xgrammar
    if path.endswith(".json"):
        from tokenizers import Tokenizer
        tokenizer = Tokenizer.from_file(path)
        tokenizer.encode_special_tokens = True
        by_id = {index: text for text, index in tokenizer.get_vocab().items()}
        vocabulary = [by_id.get(index, "") for index in range(max(by_id) + 1)]
        end = tokenizer.token_to_id("<|im_end|>")
        info = xgrammar.TokenizerInfo(vocabulary, xgrammar.VocabType.BYTE_LEVEL, stop_token_ids=[end])
        return lambda text: tokenizer.encode(text, add_special_tokens=False).ids, info, end
    import tiktoken
    ranks = {}
    with open(path, "rb") as file:
        for line in file:
            if line.strip():
                token, rank = line.split()
                ranks[base64.b64decode(token)] = int(rank)
    encoding = tiktoken.Encoding("llama3", pat_str=LLAMA3_PATTERN, mergeable_ranks=ranks, special_tokens={})
    vocabulary = [token for token, _ in sorted(ranks.items(), key=lambda item: item[1])]
    vocabulary += [f"<|special_{index}|>".encode() for index in range(256)]
    end = len(ranks) + 9  # <|eot_id|>
    info = xgrammar.TokenizerInfo(vocabulary, xgrammar.VocabType.RAW, stop_token_ids=[end])
    return encoding.encode_ordinary, info, end


def clock_cost(call):
    """What a measured call of nothing reads, in ns."""
    readings = []
    for _ in range(20001):
        start = time.thread_time_ns()
        call()
        readings.append(time.thread_time_ns() - start)
    return sorted(readings)[len(readings) // 2]


def xgrammar_worker(tokenizer_path, options):
    """Cases on stdin, results on stdout, a line each."""
    import numpy
    import xgrammar
    encode, info, end = load_tokenizer(tokenizer_path)
    compiler = xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)
    bitmask = numpy.full(xgrammar.get_bitmask_shape(1, info.vocab_size), -1, dtype=numpy.int32)
    probe = xgrammar.GrammarMatcher(compiler.compile_builtin_json_grammar())
    empty_ns = clock_cost(lambda: None)
    call_ns = clock_cost(probe.is_terminated)
    print(json.dumps({"ready": True, "clock_ns": empty_ns, "call_ns": call_ns}), flush=True)
    for line in sys.stdin:
        case = json.loads(line)
        result = {"id": case["id"], "supported": True, "accepted": [], "masks": [], "mask_us": []}
        try:
            start = time.thread_time_ns()
            compiled = compiler.compile_json_schema(case["schema"], **options)
            result["compile_us"] = (time.thread_time_ns() - start - empty_ns) / 1000
        except Exception as error:  # any refusal of theirs
            result.update(supported=False, error=str(error)[:300])
        else:
            for text in case["instances"]:
                matcher = xgrammar.GrammarMatcher(compiled)
                accepted, masks = True, 0
                for token in encode(text) + [end]:
                    start = time.thread_time_ns()
                    matcher.fill_next_token_bitmask(bitmask, 0)
                    result["mask_us"].append(max(0, time.thread_time_ns() - start - call_ns) / 1000)
                    masks += 1
                    allowed = (int(bitmask[0, token >> 5]) >> (token & 31)) & 1
                    if not allowed or (token != end and not matcher.accept_token(token)):
                        accepted = False
                        break
                result["accepted"].append(accepted)
                result["masks"].append(masks)
            result["memory_bytes"] = compiled.memory_size_bytes
        print(json.dumps(result), flush=True)


class Worker:
    def __init__(self, tokenizer_path, options):
        command = [sys.executable, __file__, "--worker", tokenizer_path, json.dumps(options)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.costs = json.loads(self.process.stdout.readline())

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ask(self, case):
        """The result; None when it died or took too long (then the worker is gone)."""
        try:
            self.process.stdin.write(json.dumps(case) + "\n")
            self.process.stdin.flush()
            limit = self.cpu_s() + MAX_CPU_S
            readable = False
            while not readable and self.process.poll() is None and self.cpu_s() < limit:
                readable, _, _ = select.select([self.process.stdout], [], [], 1.0)
            line = self.process.stdout.readline() if readable else ""
        except BrokenPipeError:
            line = ""
        if line:
            return json.loads(line)
        self.process.kill()
        self.process.wait()
        return None


def run_xgrammar(cases, tokenizer_path, options, out_path):
    worker = None
    with open(out_path, "w", encoding="utf-8") as out:
        for case in cases:
            worker = worker or Worker(tokenizer_path, options)
            result = worker.ask(case)
            if result is None:
                worker = None
                result = {"id": case["id"], "supported": False, "error": "crashed or took too long", "crashed": True,
                          "accepted": [], "masks": [], "mask_us": []}
            out.write(json.dumps(result) + "\n")
    if worker:
        worker.process.stdin.close()
        worker.process.wait()


# ---- Weft -----------------------------------------------------------------------------------------------------------

def run_weft(cases, binary, tokenizer_path, out_path):
    lines = [f'{{"schema": {case["schema"]}, "instances": [{", ".join(case["instances"])}]}}' for case in cases]
    command = [binary, "grammar", "check", "--jsonl", "--tokenizer", tokenizer_path]
    done = subprocess.run(command, input="\n".join(lines) + "\n", stdout=subprocess.PIPE, text=True, check=True)
    results = done.stdout.splitlines()
    if len(results) != len(cases):
        sys.exit(f"weft answered {len(results)} lines for {len(cases)} cases")
    with open(out_path, "w", encoding="utf-8") as out:
        for case, line in zip(cases, results):
            out.write(json.dumps({"id": case["id"], **json.loads(line)}) + "\n")


# ---- Tables ---------------------------------------------------------------------------------------------------------

def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def spread(values):
    mean = sum(values) / len(values) if values else 0.0
    return [percentile(values, 0.5), percentile(values, 0.99), max(values, default=0.0), mean]


def summarize(cases, results):
    row = {"supported": 0, "right": 0, "valid rejected": 0, "invalid accepted": 0, "valid": 0, "invalid": 0,
           "schemas with invalid accepted": 0, "crashed": 0}
    totals, firsts, masks, compiles = [], [], [], []
    for case, result in zip(cases, results):
        row["crashed"] += bool(result.get("crashed"))
        if not result["supported"]:
            continue
        row["supported"] += 1
        verdicts = list(zip(case["valid"], result["accepted"]))
        row["right"] += all(valid == accepted for valid, accepted in verdicts)
        row["valid"] += sum(valid for valid, _ in verdicts)
        row["invalid"] += sum(not valid for valid, _ in verdicts)
        row["valid rejected"] += sum(valid and not accepted for valid, accepted in verdicts)
        wrongly = sum(accepted and not valid for valid, accepted in verdicts)
        row["invalid accepted"] += wrongly
        row["schemas with invalid accepted"] += wrongly > 0
        compiles.append(result["compile_us"])
        masks += result["mask_us"]
        start = 0
        for index, count in enumerate(result["masks"]):
            total = result["compile_us"] + sum(result["mask_us"][start:start + count])
            start += count
            totals.append(total)
            if index == 0:
                firsts.append(total)
    row["compile"], row["mask"] = spread(compiles), spread(masks)
    row["compile + masks of an instance"], row["the same, first instance"] = spread(totals), spread(firsts)
    return row


def print_tables(title, cases, sides):
    """sides: name -> results"""
    rows = {name: summarize(cases, results) for name, results in sides.items()}
    print(f"\n### {title}: {len(cases)} schemas, {sum(len(case['valid']) for case in cases)} instances\n")
    print("| | " + " | ".join(rows) + " |\n|---|" + "---:|" * len(rows))
    for key in ["supported", "right", "valid rejected", "invalid accepted", "schemas with invalid accepted", "crashed"]:
        cells = []
        for row in rows.values():
            share = ""
            if key in ("valid rejected", "invalid accepted"):
                share = f" of {row[key.split()[0]]}"
            cells.append(f"{row[key]}{share}")
        print(f"| {key} | " + " | ".join(cells) + " |")
    for key in ["compile", "compile + masks of an instance", "the same, first instance", "mask"]:
        for index, name in enumerate(["p50", "p99", "max", "mean"]):
            print(f"| {key}, {name}, µs | " + " | ".join(f"{row[key][index]:,.1f}" for row in rows.values()) + " |")
    # Only what both sides support, so that neither gains by refusing the costly ones.
    names = [name for name in rows]
    if len(names) > 1:
        both = [index for index in range(len(cases)) if all(sides[name][index]["supported"] for name in names)]
        common = {name: summarize([cases[i] for i in both], [sides[name][i] for i in both]) for name in names}
        print(f"\nThe {len(both)} schemas that every side supports:\n")
        print("| | " + " | ".join(names) + " |\n|---|" + "---:|" * len(names))
        print("| right | " + " | ".join(str(common[name]["right"]) for name in names) + " |")
        for key in ["compile", "compile + masks of an instance", "the same, first instance", "mask"]:
            for index, name in enumerate(["p50", "p99", "max", "mean"]):
                print(f"| {key}, {name}, µs | " + " | ".join(f"{common[n][key][index]:,.1f}" for n in names) + " |")


def read_results(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


# XGrammar's default (properties in the schema's order, closed objects) and the settings nearest to JSON Schema.
XGRAMMAR_SETTINGS = {
    "XGrammar (default)": {},
    "XGrammar (strict_mode=False)": {"strict_mode": False},
    "XGrammar (any_order, strict_mode=False)": {"strict_mode": False, "any_order": True},
}


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--worker":
        return xgrammar_worker(sys.argv[2], json.loads(sys.argv[3]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weft", default="build/weft")
    parser.add_argument("--cases", required=True)
    parser.add_argument("--tokenizer", action="append", required=True, metavar="NAME=FILE")
    parser.add_argument("--out", required=True, help="folder of the results")
    parser.add_argument("--side", choices=["both", "weft", "xgrammar", "none"], default="both")
    parser.add_argument("--stride", type=int, default=1, help="every n-th schema only")
    parser.add_argument("--setting", type=int, action="append", help="index of one of XGrammar's settings; all")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    cases = load_cases(options.cases, options.stride)
    for tokenizer in options.tokenizer:
        name, path = tokenizer.split("=", 1)
        files = {"Weft": os.path.join(options.out, f"{name}.weft.jsonl")}
        for index, setting in enumerate(XGRAMMAR_SETTINGS):
            files[setting] = os.path.join(options.out, f"{name}.xgrammar{index}.jsonl")
        if options.side in ("both", "weft"):
            run_weft(cases, options.weft, path, files["Weft"])
        if options.side in ("both", "xgrammar"):
            for index, (setting, arguments) in enumerate(XGRAMMAR_SETTINGS.items()):
                if options.setting is None or index in options.setting:
                    run_xgrammar(cases, path, arguments, files[setting])
        sides = {side: read_results(file) for side, file in files.items() if os.path.exists(file)}
        print_tables(name, cases, sides)


if __name__ == "__main__":
    main()
