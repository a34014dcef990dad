#!/usr/bin/env python3
"""Weft beside llama.cpp on one file in one run: prefill and decode rates, alternating, medians and ratios.

usage: tools/compare_llama_bench.py MODEL.gguf [--weft build/weft] [--llama-bench PATH] [--rounds 5]
           [--prompt 512] [--decode 128] [--depth 0] [--threads N]

Prints a Markdown table. Nothing else should run on the machine: the rates of the rounds are shown so that a disturbed
run can be seen.
"""
import argparse
import json
import os
import statistics
import subprocess


def run(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def weft_rates(a):
    out = run([a.weft, "bench", "model", a.model, "-p", str(a.prompt), "-n", str(a.decode), "-d", str(a.depth), "-b", "1",
               "-r", "1", "--threads", str(a.threads), "--json"])
    return {r["kind"]: r["tokens_per_s"] for r in out["results"]}, out["machine"]


def llama_rates(a):
    out = run([a.llama_bench, "-m", a.model, "-p", str(a.prompt), "-n", str(a.decode), "-d", str(a.depth), "-r", "1",
               "-t", str(a.threads), "-o", "json"])
    return {"prefill" if r["n_prompt"] else "decode": r["avg_ts"] for r in out}, out[0].get("build_commit", "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--weft", default="build/weft")
    parser.add_argument("--llama-bench", default="llama-bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--decode", type=int, default=128)
    parser.add_argument("--depth", type=int, default=0)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    a = parser.parse_args()

    ours, theirs, machine = [], [], {}
    for _ in range(a.rounds):
        rates, machine = weft_rates(a)
        ours.append(rates)
        theirs.append(llama_rates(a)[0])
    print(f"{os.path.basename(a.model)}, {machine['cpu']}, {a.threads} threads, {machine['isa']}; memory "
          f"{machine['memory_bytes_per_s'] / 1e9:.0f} GB/s, int8 {machine['int8_ops_per_s'] / 1e9:.0f} GOP/s\n")
    print(f"| {a.prompt} prompt, {a.decode} decode, depth {a.depth} | Weft tokens/s | llama.cpp tokens/s | ratio | "
          "Weft's rounds | llama.cpp's rounds |\n|---|---|---|---|---|---|")
    for kind in ("prefill", "decode"):
        w, l = [r[kind] for r in ours], [r[kind] for r in theirs]
        ratio = statistics.median(w) / statistics.median(l)
        print(f"| {kind} | {statistics.median(w):.0f} | {statistics.median(l):.0f} | {ratio:.2f} | "
              f"{' '.join(f'{x:.0f}' for x in w)} | {' '.join(f'{x:.0f}' for x in l)} |")


if __name__ == "__main__":
    main()
