#!/usr/bin/env python3
"""Compares Weft's token ids and texts with those of Hugging Face's tokenizers, tiktoken and SentencePiece. By hand:

    pip install tokenizers tiktoken sentencepiece
    apt-get install iso-codes unicode-cldr-core manpages-de manpages-fr manpages-ru manpages-ja manpages-zh \
        hunspell-ar hunspell-bn hunspell-el hunspell-he hunspell-hi hunspell-th hunspell-vi ...   (any of them)
    tools/tokenizer_parity.py --weft build/weft --data ../shared/data [--megabytes 20] [--only qwen3] [--components]

The texts are what those packages hold (manual pages, word lists, names of languages and countries, emoji annotations),
C and Python sources, and made ones: emoji with joiners, combining marks, control characters, bytes that are not UTF-8,
special tokens inside words. --components compares single steps of tokenizer.json (normalizers, pre-tokenizers) on every
character of Unicode instead. Differences are printed, grouped by tokenizer; docs/tokenizers.md explains the known ones.
"""
import argparse
import base64
import collections
import gettext
import glob
import gzip
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import unicodedata


def decode(raw):
    return raw.decode("utf-8", errors="replace")


def shuffled(paths):
    out = sorted(paths)
    random.Random(2).shuffle(out)
    return out


def man_pages():
    for path in shuffled(glob.glob("/usr/share/man/*/man*/*.gz")):
        with gzip.open(path) as file:
            yield decode(file.read())


def word_lists():
    for path in shuffled(glob.glob("/usr/share/hunspell/*.dic") + glob.glob("/usr/share/dict/*")):
        if os.path.isfile(path):
            raw = open(path, "rb").read()
            try:
                yield " ".join(line.split("/")[0] for line in raw.decode("utf-8").splitlines())
            except UnicodeDecodeError:
                pass  # an old eight-bit encoding


def translations():
    for path in shuffled(glob.glob("/usr/share/locale/*/LC_MESSAGES/iso_*.mo")):
        with open(path, "rb") as file:
            try:
                catalog = gettext.GNUTranslations(file)
            except (OSError, UnicodeDecodeError):
                continue
            yield "\n".join(str(text) for text in catalog._catalog.values())


def cldr():
    for path in shuffled(glob.glob("/usr/share/unicode/cldr/common/*/*.xml")):
        text = decode(open(path, "rb").read())
        yield "\n".join(part.strip() for part in re.findall(r">([^<>]*[^<>\s][^<>]*)<", text))


def sources():
    for path in shuffled(glob.glob("/usr/include/*.h") + glob.glob("/usr/lib/python3*/*.py")):
        yield decode(open(path, "rb").read())


def made_texts(specials):
    rng = random.Random(4)
    emoji = ["\U0001F468", "\U0001F469", "\U0001F467", "\U0001F3FD", "\U0001F1E9", "\U0001F1EA", "\u2764\uFE0F", "\u200D"]
    marks = [chr(code) for code in range(0x300, 0x370)] + ["\u0E34", "\u093F", "\u1D17A", "\u20E3"]
    out = ["", " ", "  ", "\n", "\r\n", "\t \n", "\u180E a\u180Eb", "\u200B", "\uFEFF", "\uFFFD", "\x00\x01\x7f\x9f"]
    for _ in range(3000):
        kind = rng.randrange(6)
        size = rng.randrange(1, 40)
        if kind == 0:
            out.append("".join(rng.choice(emoji) for _ in range(size)))
        elif kind == 1:
            out.append("".join(rng.choice("aeiouAEIOU\uAC00\u0915") + "".join(rng.sample(marks, rng.randrange(4)))
                               for _ in range(size)))
        elif kind == 2:
            out.append("".join(chr(rng.randrange(0xA1)) for _ in range(size)))
        elif kind == 3:
            out.append(decode(bytes(rng.randrange(256) for _ in range(size))))
        elif kind == 4:
            words = ["word", " ", "x", "\n", "<", "|"] + specials[:8]
            out.append("".join(rng.choice(words) for _ in range(size)))
        else:
            codes = (rng.randrange(0x110000) for _ in range(size))
            out.append("".join(chr(code) for code in codes if not 0xD800 <= code < 0xE000))
    return out


def corpus(megabytes):
    """Texts of at most 4,000 characters, an equal share from each kind of source."""
    kinds = [man_pages, word_lists, translations, cldr, sources]
    share = megabytes * 1_000_000 // len(kinds)
    out = []
    for kind in kinds:
        size = 0
        for text in kind():
            # Of one long file only a part, so that many files have their say.
            for at in range(0, min(len(text), share // 40 + 4000), 4000):
                out.append(text[at:at + 4000])
                size += len(out[-1].encode())
            if size > share:
                break
    return out


def scripts_of(texts):
    counts = collections.Counter()
    for text in texts:
        for character in set(text):
            if character.isalpha():
                counts[unicodedata.name(character, "?").split()[0]] += 1
    return counts


class Weft:
    def __init__(self, command, path):
        self.command = [command, "tokenize", path, "--jsonl"]

    def run(self, lines, *flags):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        done = subprocess.run(self.command + list(flags), input=text, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(self.command)}: {done.stderr}")
        return [json.loads(line) for line in done.stdout.split("\n")[:-1]]


def compare(name, weft, texts, oracle_ids, oracle_text, flags=()):
    ours = weft.run(texts, "--no-special", *flags)
    expected = oracle_ids(texts)
    assert len(ours) == len(expected) == len(texts), (len(ours), len(expected), len(texts))
    wrong = [i for i in range(len(texts)) if ours[i] != expected[i]]
    print(f"{name}: {len(texts) - len(wrong)} of {len(texts)} texts have equal ids", flush=True)
    for i in wrong[:5]:
        at = next((k for k, (a, b) in enumerate(zip(ours[i], expected[i])) if a != b), min(len(ours[i]), len(expected[i])))
        print(f"  text {texts[i][:60]!r} token {at}: weft {ours[i][at:at + 6]} oracle {expected[i][at:at + 6]}"
              f" = {oracle_text([expected[i][:at + 6]])[0][-40:]!r}")
    decoded = weft.run(expected, "--decode")
    wanted = oracle_text(expected)
    wrong = [i for i in range(len(texts)) if decoded[i] != wanted[i]]
    print(f"{name}: {len(texts) - len(wrong)} of {len(texts)} texts decode equally", flush=True)
    for i in wrong[:5]:
        at = next((k for k, (a, b) in enumerate(zip(decoded[i], wanted[i])) if a != b), -1)
        print(f"  weft {decoded[i][max(0, at - 10):at + 20]!r} oracle {wanted[i][max(0, at - 10):at + 20]!r}")


def hugging_face(tokenizer):
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return (lambda texts: [e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=False)],
            lambda ids: tokenizer.decode_batch(ids, skip_special_tokens=False))


def sentence_piece(path):
    import sentencepiece
    model = sentencepiece.SentencePieceProcessor(model_file=path)
    return (lambda texts: [model.encode(text) for text in texts], lambda ids: [model.decode(one) for one in ids])


def tiktoken_ranks(path, pattern):
    import tiktoken
    ranks = {}
    for line in open(path, "rb"):
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    encoding = tiktoken.Encoding("local", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return (lambda texts: [encoding.encode_ordinary(text) for text in texts],
            lambda ids: [encoding.decode(one) for one in ids])


def oracles(data):
    """name -> (Weft's file, ids, texts, flags, special tokens)"""
    import tiktoken_ext.openai_public as public
    import tokenizers
    folder = os.path.join(data, "tokenizers")
    as_text = ("--special-as-text",)
    for name in ["qwen3", "falcon", "phi-2", "phi-3", "roberta-base", "t5-small"]:
        path = f"{folder}/hf/{name}/tokenizer.json"
        tokenizer = tokenizers.Tokenizer.from_file(path)
        specials = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
        yield name, path, *hugging_face(tokenizer), (), specials
    vocabulary = f"{folder}/wordpiece/bert-base-uncased-vocab.txt"
    bert = tokenizers.BertWordPieceTokenizer(vocabulary)
    yield "bert-base-uncased", vocabulary, *hugging_face(bert), (), ["[CLS]", "[MASK]", "[UNK]"]
    for name in ["llama2-tokenizer", "mistral-v1", "mistral-v2", "mistral-v3", "sp-unigram-en-test"]:
        path = f"{folder}/sentencepiece/{name}.model"
        yield name, path, *sentence_piece(path), as_text, []
    patterns = json.load(open(f"{folder}/reference/tiktoken_patterns.json"))
    path = f"{folder}/tiktoken/llama3-tokenizer.model"
    yield "llama3", path, *tiktoken_ranks(path, patterns["llama3_and_cl100k"]), as_text, []
    path = f"{folder}/tiktoken/cl100k_base.tiktoken"
    source = open(public.__file__).read()
    pattern = re.search(r'def cl100k_base.*?"pat_str": r"""(.*?)"""', source, re.S).group(1)
    yield "cl100k_base", path, *tiktoken_ranks(path, pattern), as_text, []


BYTES = [chr(b) if 0x21 <= b <= 0x7E or 0xA1 <= b <= 0xAC or b >= 0xAE else None for b in range(256)]


def byte_alphabet():
    out, extra = [], 0
    for character in BYTES:
        out.append(character or chr(256 + extra))
        extra += character is None
    return out


def component_file(normalizer, pre_tokenizer):
    """A tokenizer that shows what its steps do: a token per byte, and words begin with a mark."""
    steps = [pre_tokenizer, {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": False}]
    steps = steps if pre_tokenizer else []
    steps.append({"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False})
    return {"version": "1.0", "added_tokens": [], "normalizer": normalizer,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps}, "post_processor": None,
            "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                      "vocab": {c: i for i, c in enumerate(byte_alphabet())}, "merges": []}}


def components(data):
    t5 = json.load(open(os.path.join(data, "tokenizers/hf/t5-small/tokenizer.json")))
    bert = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None}
    for kind in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt"]:
        yield kind, component_file({"type": kind}, None)
    yield "Strip", component_file({"type": "Strip", "strip_left": True, "strip_right": True}, None)
    yield "Precompiled", component_file(t5["normalizer"], None)
    yield "BertNormalizer", component_file({**bert, "lowercase": True}, None)
    yield "BertNormalizer cased", component_file({**bert, "lowercase": False}, None)
    yield "Replace", component_file({"type": "Replace", "pattern": {"Regex": r"\s{2,}|\d"}, "content": "#"}, None)
    for kind in ["BertPreTokenizer", "Whitespace", "WhitespaceSplit", "UnicodeScripts"]:
        yield kind, component_file(None, {"type": kind})
    for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        yield f"Punctuation {behavior}", component_file(None, {"type": "Punctuation", "behavior": behavior})
        split = {"type": "Split", "pattern": {"Regex": r"\w+\b|[[:space:]]|[\p{L}&&[^\p{Latin}]]"}, "invert": False}
        yield f"Split {behavior}", component_file(None, {**split, "behavior": behavior})
    for individual in [True, False]:
        yield f"Digits {individual}", component_file(None, {"type": "Digits", "individual_digits": individual})
    yield "CharDelimiterSplit", component_file(None, {"type": "CharDelimiterSplit", "delimiter": "e"})
    yield "FixedLength", component_file(None, {"type": "FixedLength", "length": 3})
    for pattern in [r"\d{1,3}(?=(?:\d{3})*\b)", r"(?=(\d{3})+(?!\d))"]:
        yield f"Split {pattern}", component_file(None, {"type": "Split", "pattern": {"Regex": pattern},
                                                        "behavior": "Isolated", "invert": False})


def character_texts():
    """Every character, alone between letters, 16 in a text."""
    out = []
    for begin in range(0, 0x110000, 16):
        codes = [code for code in range(begin, begin + 16) if not 0xD800 <= code < 0xE000]
        if codes and not 0xE0100 <= begin < 0x10FFF0:
            out.append("".join(f"a{chr(code)}" for code in codes) + " 1234567,89e")
    return out


STEP_TEXTS = ["", " ", "Hello,  World! it's 12345.67 \u00bd", "\u00c9cole\tA\u0301 \u1e9b\u0323 \ufb01 \uff21\u3000x\n",
              "\u4e2d\u6587abc\u3042\u30a2\u30fc\uac00 \u0430\u0431\u0432", "a\u200bb\u200dc\ufeffd\u00a0e\u180ef\u2028g\x00h\x7fi\x8fj\ufffdk",
              "\u0130\u0131\u00df\u03a3\u03c2 \U00010400", "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f!?...--",
              "\r\n\r\n  x_y\u203fz $+<=>^`|~", "\u0e01\u0e33\u0e49 \u0915\u094d\u0937\u093f 1,234,567", "\u2581a \u2581\u2581b"]


def record_steps(args):
    """What Hugging Face's tokenizers make of a few texts, step by step: testdata/tokenizer_steps.jsonl."""
    import tokenizers
    more = [{"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": split}
            for scheme in ["always", "first", "never"] for split in [True, False]]
    more += [{"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}
             for prefix in [True, False] for regex in [True, False]]
    described = [description for name, description in components(args.data) if name != "Precompiled"]
    described += [component_file(None, step) for step in more]
    described.append(component_file({"type": "Prepend", "prepend": "_"}, None))
    described.append(component_file({"type": "ByteLevel"}, None))
    with open(args.record, "w", encoding="ascii") as out:
        for description in described:
            tokenizer = tokenizers.Tokenizer.from_str(json.dumps(description))
            for text in STEP_TEXTS:
                if description["normalizer"]:
                    line = {"normalizer": description["normalizer"], "text": text,
                            "expected": tokenizer.normalizer.normalize_str(text)}
                else:
                    step = description["pre_tokenizer"]["pretokenizers"][0]
                    alone = tokenizers.Tokenizer.from_str(json.dumps({**description, "pre_tokenizer": step}))
                    line = {"pre_tokenizer": step, "text": text,
                            "expected": [word for word, _ in alone.pre_tokenizer.pre_tokenize_str(text)]}
                out.write(json.dumps(line) + "\n")


def compare_components(args):
    import tokenizers
    texts = character_texts() + made_texts([]) + corpus(1)
    for name, description in components(args.data):
        if args.only and args.only not in name:
            continue
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(description, file)
            file.flush()
            ids, text = hugging_face(tokenizers.Tokenizer.from_file(file.name))
            compare(name, Weft(args.weft, file.name), texts, ids, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weft", default="build/weft", help="the program")
    parser.add_argument("--data", default="../shared/data", help="the folder with tokenizers/")
    parser.add_argument("--megabytes", type=int, default=20, help="of text")
    parser.add_argument("--only", help="names that hold this")
    parser.add_argument("--components", action="store_true", help="single steps of tokenizer.json instead")
    parser.add_argument("--record", metavar="FILE", help="write what single steps make of a few texts, for the tests")
    args = parser.parse_args()
    if args.record:
        return record_steps(args)
    if args.components:
        return compare_components(args)
    texts = corpus(args.megabytes)
    scripts = scripts_of(texts)
    size = sum(len(text.encode()) for text in texts)
    print(f"{size / 1e6:.1f} MB in {len(texts)} texts; scripts: "
          + ", ".join(name for name, count in scripts.most_common() if count >= 20), flush=True)
    for name, path, ids, text, flags, specials in oracles(args.data):
        if not args.only or args.only in name:
            compare(name, Weft(args.weft, path), texts + made_texts(specials), ids, text, flags)


if __name__ == "__main__":
    main()
