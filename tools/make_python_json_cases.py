#!/usr/bin/env python3
"""Writes testdata/python_json.jsonl: JSON texts and what Python's json.dumps(json.loads(text)) makes of them. By hand.

Numbers are such that Python writes them as they stand, since python_json() keeps their text. Needs only Python.
"""
import json
import random

CHARACTERS = list('aZ0 "\\/\b\f\n\r\t\0\x1f\x7f\x80\xe9\xdf\xff\u07ff\u0800\u4e2d\ue000\ufffd\uffff\u2028\u200d\u05b0'
                  '\U00010000\U0001f600\U0010ffff\ud800\udc00')
NUMBERS = [0, -1, 7, 10**30, -(10**20), 0.1, -0.5, 1.0, 1.5e-07, 1e+16, 3.14159]
SPACES = ['', '', '', ' ', '  ', '\n', '\t', '\r\n ']


def string_source(text, rng):
    """A JSON string that means `text`, escaped in one of the ways there are."""
    out = '"'
    for char in text:
        code = ord(char)
        units = [code] if code < 0x10000 else [0xD7C0 + (code >> 10), 0xDC00 + (code & 0x3FF)]
        short = {'"': '\\"', '\\': '\\\\', '/': '\\/', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t'}
        ways = [''.join(f'\\u{unit:04x}' for unit in units), ''.join(f'\\u{unit:04X}' for unit in units)]
        if char in short:
            ways.append(short[char])
        if code >= 0x20 and char not in '"\\' and not 0xD800 <= code < 0xE000:
            ways += [char] * 3
        out += rng.choice(ways)
    return out + '"'


def source(rng, depth):
    space = lambda: rng.choice(SPACES)
    kind = rng.randrange(8 if depth else 5)
    if kind == 0:
        return rng.choice(['true', 'false', 'null'])
    if kind == 1:
        return json.dumps(rng.choice(NUMBERS))
    if kind < 5:
        return string_source([rng.choice(CHARACTERS) for _ in range(rng.randrange(6))], rng)
    parts = [source(rng, depth - 1) for _ in range(rng.randrange(4))]
    if kind == 5:
        return '[' + space() + (space() + ',' + space()).join(parts) + space() + ']'
    members = [f'"{index}k' + string_source([rng.choice(CHARACTERS)], rng)[1:] + space() + ':' + space() + part
               for index, part in enumerate(parts)]
    return '{' + space() + (space() + ',' + space()).join(members) + space() + '}'


def main():
    rng = random.Random(4)
    with open('testdata/python_json.jsonl', 'w', encoding='utf-8') as out:
        for _ in range(400):
            text = rng.choice(SPACES) + source(rng, 4) + rng.choice(SPACES)
            out.write(json.dumps([text, json.dumps(json.loads(text))]) + '\n')


if __name__ == '__main__':
    main()
