#!/usr/bin/env python3
"""Writes src/text/unicode_class_ranges.inc: the classes of code points that split patterns tell apart.

    pip install tokenizers; tools/make_unicode_classes.py > src/text/unicode_class_ranges.inc

Run by hand when Hugging Face's tokenizers move to a newer Unicode: the classes are read from its regular expression
engine (Oniguruma), so that the hand-written splitters agree with it. Each row is the first code point of a stretch and
its class; a stretch ends where the next one begins.
"""
import tokenizers
from tokenizers import Regex, pre_tokenizers

CLASSES = [("kLetter", r"\p{L}"), ("kNumber", r"\p{N}"), ("kSpace", r"\s")]


def main():
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    everything = "".join(map(chr, codes))
    found = {}
    for name, pattern in CLASSES:
        matched = pre_tokenizers.Split(Regex(pattern), "removed").pre_tokenize_str(everything)
        kept = [False] * len(codes)
        for _, (begin, end) in matched:
            kept[begin:end] = [True] * (end - begin)
        for index, code in enumerate(codes):
            if not kept[index]:
                assert code not in found, (hex(code), name, found[code])
                found[code] = name
    print(f"// Made by tools/make_unicode_classes.py from tokenizers {tokenizers.__version__}.")
    row, previous = "", None
    for code in range(0x110000):
        name = found.get(code, "kOther")
        if name == previous:
            continue
        previous = name
        entry = f"{{0x{code:X}, {name}}}, "
        if len(row) + len(entry) > 120:
            print(row.rstrip())
            row = ""
        row += entry
    print(row.rstrip())


if __name__ == "__main__":
    main()
