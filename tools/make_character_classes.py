#!/usr/bin/env python3
"""Writes src/text/character_class_ranges.inc: the classes of characters that Hugging Face's tokenizers use, as they are
there (their tables are of different ages, some of Unicode 8). By hand, with `pip install tokenizers`:

    tools/make_character_classes.py > src/text/character_class_ranges.inc
"""
import tokenizers


def ranges(holds):
    out = []
    for code in range(0x80, 0x110000):
        if 0xD800 <= code < 0xE000 or not holds("a" + chr(code) + "a"):
            continue
        if out and out[-1][1] == code - 1:
            out[-1][1] = code
        else:
            out.append([code, code])
    return out


def main():
    pre, normal = tokenizers.pre_tokenizers, tokenizers.normalizers
    punctuation, digits = pre.Punctuation("isolated"), pre.Digits(True)
    decomposed = normal.NFD()
    plain = dict(handle_chinese_chars=False, lowercase=False)
    accents = normal.BertNormalizer(clean_text=False, strip_accents=True, **plain)
    marks = normal.StripAccents()
    clean = normal.BertNormalizer(clean_text=True, strip_accents=False, **plain)
    tables = {
        "kPunctuation": ranges(lambda text: len(punctuation.pre_tokenize_str(text)) == 3),
        "kNumeric": ranges(lambda text: len(digits.pre_tokenize_str(text)) == 3),
        "kNonspacingMarks": ranges(lambda text: decomposed.normalize_str(text) == text
                                   and accents.normalize_str(text) == "aa"),
        "kMarks": ranges(lambda text: marks.normalize_str(text) == "aa"),
        "kOther": ranges(lambda text: text[1] != "\uFFFD" and clean.normalize_str(text) == "aa"),
    }
    print(f"// Made by tools/make_character_classes.py with tokenizers {tokenizers.__version__}.")
    for name, rows in tables.items():
        print(f"constexpr CharacterRange {name}[] = {{")
        line = "   "
        for first, last in rows:
            item = f" {{0x{first:X}, 0x{last:X}}},"
            if len(line) + len(item) > 118:
                print(line)
                line = "   "
            line += item
        print(line + "\n};")


if __name__ == "__main__":
    main()
