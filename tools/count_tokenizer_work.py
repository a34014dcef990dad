#!/usr/bin/env python3
"""Instructions that `weft tokenize` spends on hostile texts and on texts twice as long, counted by callgrind.

    apt-get install valgrind
    tools/count_tokenizer_work.py --weft build/weft --tokenizer tokenizer.json [--bytes 524288] [--kinds 16]

A text is one unit over and over (a character of one to four bytes, or a short pattern that merges like). All texts go
through one process; only PipelineTokenizer::encode_parallel() is counted, one dump per text. The last column is the
instructions for --bytes divided by those for half of it: 2 is linear. By hand; a text of 1 MiB takes some seconds.
"""
import argparse
import json
import pathlib
import re
import subprocess
import tempfile

UNITS = ["a", " ", "0", "\n", ".", "\u4e2d", "'", "\u0301", "<", "\U0001f600", "ab", "\u00e9", "a ", "<|im_", " \n", "'s",
         "e", "i", "A", "Z", "9", ",", "-", "_", "/", "\\", '"', "|", "(", ")", "{", "}", "[", "]", "@", "#", "$", "%", "&",
         "*", "+", "=", "~", "^", "`", "!", "?", ":", ";", "\t", "\r", "\u00a0", "\u2581", "\u1100", "\u1161", "\u200d",
         "\u180e", "\u0430", "aab", "abc", "\r\n", "1a", "aA", "x\u0301"]


def text_of(unit, size):
    return (unit * (size // len(unit.encode()) + 1)).encode()[:size].decode(errors="ignore")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weft", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--bytes", type=int, default=1 << 19)
    parser.add_argument("--kinds", type=int, default=16, help=f"of {len(UNITS)}")
    flags = parser.parse_args()
    units = UNITS[:flags.kinds]
    lines = [json.dumps(text_of(unit, size)) for unit in units for size in (flags.bytes // 2, flags.bytes)]
    function = "weft::PipelineTokenizer::encode_parallel*"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", "--collect-atstart=no",
                        f"--toggle-collect={function}", f"--dump-after={function}", flags.weft, "tokenize",
                        flags.tokenizer, "--jsonl", "--no-special", "--special-as-text"],
                       input="\n".join(lines) + "\n", text=True, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        counts = []
        for index in range(1, len(lines) + 1):
            dump = pathlib.Path(f"{folder}/out.{index}").read_text()
            counts.append(int(re.search(r"^(?:totals|summary): (\d+)", dump, re.M).group(1)))
    print(f"| unit | {flags.bytes // 2} bytes | {flags.bytes} bytes | per byte | ratio |\n|---|---|---|---|---|")
    for index, unit in enumerate(units):
        half, whole = counts[2 * index:2 * index + 2]
        shown = json.dumps(unit).replace("|", "\\|")
        print(f"| `{shown}` | {half} | {whole} | {whole / flags.bytes:.0f} | {whole / half:.2f} |")
    worst = max(counts[2 * i + 1] / counts[2 * i] for i in range(len(units)))
    print(f"\nLargest ratio: {worst:.2f}")


if __name__ == "__main__":
    main()
