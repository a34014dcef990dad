#!/usr/bin/env python3
"""Forced tool calls of a real model under load: do all of them fit their tools' schemas?

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install openai httpx jsonschema
    /tmp/venv/bin/python tools/check_tool_calls.py [--weft build/weft] [--model FILE] [--count 100]

Takes a fixed sample of the Berkeley leaderboard's prompts ($WEFT_SHARED/data/tool_calling), sends each with tool_choice
"required" or a named function, half of them streamed, from 8 clients at temperature 1, to a server whose KV cache is so
small that requests are preempted; every prompt comes twice, so that the second finds its prefix in the cache. Prints what
was wrong, the counts and the server's counters. Exit status 1 when a call that the server calls complete is invalid.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SOURCE / "tests" / "e2e"))

import httpx  # noqa: E402
import openai  # noqa: E402
from conftest import Server  # noqa: E402
from tool_call_samples import faults_of, load_samples  # noqa: E402

MODELS = pathlib.Path(os.environ.get("WEFT_MODELS") or pathlib.Path.home() / ".cache/weft/models")
SHARED = pathlib.Path(os.environ.get("WEFT_SHARED") or SOURCE.parent / "shared")


def ask(client, sample, index, max_tokens):
    """(finish_reason, calls, function that was named)."""
    named = sample["tools"][index % len(sample["tools"])]["function"]["name"] if index % 2 else None
    choice = {"type": "function", "function": {"name": named}} if named else "required"
    options = dict(model="model", messages=sample["messages"], tools=sample["tools"], tool_choice=choice,
                   parallel_tool_calls=index % 4 != 0, temperature=1, seed=index, max_tokens=max_tokens)
    if index % 4 < 2:
        answer = client.chat.completions.create(**options).choices[0]
        return answer.finish_reason, [(c.function.name, c.function.arguments) for c in answer.message.tool_calls or []], named
    calls, finish = [], None
    for chunk in client.chat.completions.create(stream=True, **options):
        for choice in chunk.choices:
            finish = choice.finish_reason or finish
            for call in choice.delta.tool_calls or []:
                if call.index == len(calls):
                    calls.append([call.function.name, ""])
                calls[call.index][1] += call.function.arguments or ""
    return finish, [tuple(call) for call in calls], named


def counters(server):
    text = httpx.get(f"{server.url}/metrics").text
    names = ("vllm:num_preemptions_total", "vllm:prefix_cache_hits_total", "vllm:prefix_cache_queries_total")
    return {name: sum(float(value) for value in re.findall(rf"^{name}\{{[^}}]*\}} (\S+)$", text, re.MULTILINE)) for name in names}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weft", default=str(SOURCE / "build" / "weft"))
    parser.add_argument("--model", default=str(MODELS / "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"))
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--kv-cache-mib", type=int, default=48)
    arguments = parser.parse_args()

    samples = load_samples(SHARED / "data" / "tool_calling", arguments.count)
    server = Server(arguments.weft, arguments.model, "--served-model-name", "model", "--kv-cache-memory-bytes",
                    str(arguments.kv_cache_mib << 20))
    try:
        server.wait_ready()
        client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="unused", max_retries=0, timeout=3600)
        work = [(sample, index) for index, sample in enumerate(s for s in samples for _ in range(2))]
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(arguments.concurrency) as pool:
            answers = list(pool.map(lambda item: ask(client, *item, arguments.max_tokens), work))
        seconds = time.monotonic() - begin
        counts = counters(server)
    finally:
        server.stop()

    complete = cut_off = invalid = 0
    for (sample, index), (finish, calls, named) in zip(work, answers):
        if finish == "length":
            cut_off += 1
            calls = calls[:-1]  # the last one is not complete, the others are
            if not calls:
                continue
        else:
            complete += 1
        faults = faults_of(calls, sample["tools"], named if finish != "length" else None)
        if finish != "length" and finish != ("stop" if named else "tool_calls"):
            faults.append(f"finish_reason is {finish}")
        for fault in faults:
            print(f"{sample['id']} #{index}: {fault}")
        invalid += bool(faults)
    print(f"{len(work)} requests in {seconds:.0f} s: {complete} complete, {cut_off} cut off by max_tokens, {invalid} invalid")
    print(", ".join(f"{name} {value:.0f}" for name, value in counts.items()))
    return 1 if invalid else 0


if __name__ == "__main__":
    sys.exit(main())
