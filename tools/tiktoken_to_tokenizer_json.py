#!/usr/bin/env python3
"""Turns a tiktoken file of ranks (lines "base64 rank") into a tokenizer.json for Hugging Face's tokenizers.

    tools/tiktoken_to_tokenizer_json.py llama3-tokenizer.model > tokenizer.json
    tools/tiktoken_to_tokenizer_json.py cl100k_base.tiktoken --pattern "$REGEX" > tokenizer.json

The pattern is Llama 3's unless another is given. The merges are found by asking for every token which two tokens its
bytes come to when only lower ranks may merge, as transformers' converter does. Special tokens are not in such a file and
not in the result. For comparisons; needs only Python.
"""
import argparse
import base64
import json
import sys

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")


def byte_alphabet():
    """GPT-2's: printable Latin-1 stands for itself, the rest for U+0100 and on."""
    printable = set(range(0x21, 0x7F)) | set(range(0xA1, 0xAD)) | set(range(0xAE, 0x100))
    fresh = iter(range(0x100, 0x200))
    return [chr(byte) if byte in printable else chr(next(fresh)) for byte in range(256)]


def parts_below(ranks, token, limit):
    parts = [token[i:i + 1] for i in range(len(token))]
    while len(parts) > 1:
        rank, at = min((ranks.get(parts[i] + parts[i + 1], limit), i) for i in range(len(parts) - 1))
        if rank >= limit:
            break
        parts[at:at + 2] = [parts[at] + parts[at + 1]]
    return parts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--pattern", default=LLAMA3)
    flags = parser.parse_args()
    ranks = {}
    with open(flags.file, "rb") as file:
        for line in file:
            if line.strip():
                token, rank = line.split()
                ranks[base64.b64decode(token)] = int(rank)
    alphabet = byte_alphabet()

    def form(token):
        return "".join(alphabet[byte] for byte in token)

    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if len(token) > 1:
            parts = parts_below(ranks, token, rank)
            if len(parts) == 2:
                merges.append([form(parts[0]), form(parts[1])])
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": flags.pattern}, "behavior": "Isolated", "invert": False}
    json.dump({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": byte_level, "decoder": byte_level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": True,
                  "vocab": {form(token): rank for token, rank in ranks.items()}, "merges": merges},
    }, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
