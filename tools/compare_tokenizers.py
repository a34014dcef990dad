#!/usr/bin/env python3
"""Weft's tokenizers beside Hugging Face's, in one run on one thread: loading and encoding, as Markdown.

    pip install tokenizers
    tools/compare_tokenizers.py --bench build/text_bench --shared ../shared

For Qwen 3's tokenizer.json and Llama 3's ranks (converted by tiktoken_to_tokenizer_json.py for both sides), on three
texts: War and Peace; mixed scripts (the recorded texts of the shared data that are hardly ASCII, in an order drawn by a
fixed seed, repeated to 2 MB); code (Weft's own sources). The two programs take turns; times are CPU times of the process,
and of each the best of --rounds counts, so that a busy machine harms neither. The number of tokens must be equal.
"""
import argparse
import json
import os
import pathlib
import platform
import random
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def mixed_scripts(data):
    texts = [entry["text"] for entry in json.loads((data / "expected/multilingual_inputs.json").read_text())["inputs"]]
    for family in json.loads((data / "expected/transformersjs_cases.json").read_text()).values():
        for cases in family.values():
            texts += [case["text"] for case in cases.values() if isinstance(case.get("text"), str)]
    for line in (data / "reference/hf_qwen3.jsonl").read_text().splitlines():
        texts.append(json.loads(line)["text"])
    texts = sorted({text for text in texts if text and sum(c < "\x80" for c in text) < 0.7 * len(text)})
    draw = random.Random(1)
    out, size = [], 0
    while size < 2_000_000:
        text = draw.choice(texts)
        out.append(text + "\n")
        size += len(out[-1].encode())
    return "".join(out)


def code():
    files = sorted((SOURCE / "src").rglob("*.cc")) + sorted((SOURCE / "src").rglob("*.h"))
    return "".join(file.read_text() for file in files)


def hf_times(tokenizer, texts, rounds):
    """Run in a process of its own: {"load": seconds, text: [seconds, tokens]}."""
    from tokenizers import Tokenizer
    out = {}
    for _ in range(rounds):
        start = time.process_time()
        loaded = Tokenizer.from_file(str(tokenizer))
        out["load"] = min(out.get("load", 1e9), time.process_time() - start)
    for path in texts:
        text = pathlib.Path(path).read_bytes().decode()
        best = 1e9
        for _ in range(rounds):
            start = time.process_time()
            tokens = len(loaded.encode(text, add_special_tokens=False).ids)
            best = min(best, time.process_time() - start)
        out[path] = [best, tokens]
    return out


def weft_times(bench, tokenizer, texts):
    environment = dict(os.environ, WEFT_BENCH_TOKENIZERS=str(tokenizer), WEFT_BENCH_TEXTS=":".join(texts))
    run = subprocess.run([bench, "--benchmark_format=json", "--benchmark_filter=^(load|encode)",
                          "--benchmark_min_time=0.5"], env=environment, capture_output=True, text=True, check=True)
    out = {}
    units = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}
    for row in json.loads(run.stdout)["benchmarks"]:
        if row.get("error_occurred"):
            sys.exit(f"{row['name']}: {row['error_message']}")
        seconds = row["cpu_time"] * units[row["time_unit"]]
        kind = row["name"].split("/", 1)[0]
        key = "load" if kind == "load" else next(t for t in texts if f"/{pathlib.Path(t).name}" in row["name"])
        out[(kind, key)] = [seconds, row.get("tokens")]
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", default=str(SOURCE / "build/text_bench"))
    parser.add_argument("--shared", default=str(SOURCE.parent / "shared"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--text", action="append", default=[], help="a further text")
    parser.add_argument("--hf", nargs="+", help=argparse.SUPPRESS)  # the child that times Hugging Face's side
    flags = parser.parse_args()
    if flags.hf:
        print(json.dumps(hf_times(flags.hf[0], flags.hf[1:], 1)))
        return
    data = pathlib.Path(flags.shared) / "data"
    import tokenizers
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "mixed-scripts.txt").write_text(mixed_scripts(data / "tokenizers"))
        (folder / "code.txt").write_text(code())
        with open(folder / "llama3.json", "w") as out:
            subprocess.run([sys.executable, SOURCE / "tools/tiktoken_to_tokenizer_json.py",
                            data / "tokenizers/tiktoken/llama3-tokenizer.model"], stdout=out, check=True)
        texts = [str(data / "text/war-and-peace.txt"), str(folder / "mixed-scripts.txt"), str(folder / "code.txt"),
                 *flags.text]
        print(f"CPU: {cpu_name()}; tokenizers {tokenizers.__version__}, 1 thread, CPU time, best of {flags.rounds}.\n")
        print("| vocabulary | what | Hugging Face | Weft | ratio | Weft, cold |")
        print("|---|---|---|---|---|---|")
        for name, tokenizer in (("Qwen 3", data / "tokenizers/hf/qwen3/tokenizer.json"),
                                ("Llama 3", folder / "llama3.json")):
            hf, weft = {}, {}
            for _ in range(flags.rounds):
                child = subprocess.run([sys.executable, __file__, "--hf", tokenizer, *texts], check=True,
                                       capture_output=True, text=True,
                                       env=dict(os.environ, TOKENIZERS_PARALLELISM="false", RAYON_NUM_THREADS="1"))
                for key, value in json.loads(child.stdout).items():
                    value = [value, None] if key == "load" else value
                    hf[key] = min(hf.get(key, value), value)
                for key, value in weft_times(flags.bench, tokenizer, texts).items():
                    weft[key] = min(weft.get(key, value), value)
            theirs, ours = hf["load"][0], weft[("load", "load")][0]
            print(f"| {name} | load | {theirs * 1e3:.0f} ms | {ours * 1e3:.0f} ms | {theirs / ours:.1f} | |")
            for text in texts:
                theirs, ours, cold = hf[text], weft[("encode", text)], weft[("encode_cold", text)]
                if theirs[1] != ours[1]:
                    sys.exit(f"{name}, {text}: {theirs[1]} tokens by Hugging Face, {ours[1]:.0f} by Weft")
                size = os.path.getsize(text) / 1e6
                print(f"| {name} | {pathlib.Path(text).name} ({size:.1f} MB, {theirs[1]} tokens) "
                      f"| {size / theirs[0]:.2f} MB/s | {size / ours[0]:.1f} MB/s | {theirs[0] / ours[0]:.1f} "
                      f"| {size / cold[0]:.1f} MB/s |")


if __name__ == "__main__":
    main()
