#!/usr/bin/env python3
"""1,000 hostile schemas, regular expressions, grammars and structural tags against `weft grammar`. By hand:

    tools/hostile_grammars.py --weft build/weft --tokenizer .../tokenizer.json

Each is compiled and, where that succeeds, followed for 50 random masks, all in one process whose address space is
limited. It must answer every line, with a grammar or an error that says something, in bounded time; its memory may not
grow from the first pass over all lines to the second. Needs only Python.
"""
import argparse
import collections
import json
import random
import resource
import subprocess
import sys
import time


def nested(key, depth, leaf, wrap=lambda value: value):
    value = leaf
    for _ in range(depth):
        value = {key: wrap(value)}
    return value


def random_schema(rng, depth):
    """Anything that looks like a schema; often wrong."""
    if depth == 0 or rng.random() < 0.1:
        return rng.choice([True, False, {}, {"type": "string"}, {"$ref": "#"}, {"const": [1, {"a": None}]}, 7, None, [],
                           {"type": rng.choice(["integer", "number", "object", "array", "null", "any", 3])},
                           {"pattern": random_regex(rng, 3)}, {"enum": [1, 1.0, "1", None, [1], {"a": 1}]}])
    schema = {}
    sub = lambda: random_schema(rng, depth - 1)
    for _ in range(rng.randrange(1, 5)):
        key = rng.choice(["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "properties", "patternProperties",
                          "additionalProperties", "propertyNames", "items", "prefixItems", "contains", "minContains",
                          "required", "dependentSchemas", "dependentRequired", "unevaluatedProperties", "minLength",
                          "maxLength", "minItems", "maxItems", "uniqueItems", "minimum", "exclusiveMaximum",
                          "multipleOf", "$ref", "type", "format", "pattern", "minProperties", "maxProperties"])
        if key in ("allOf", "anyOf", "oneOf", "prefixItems"):
            schema[key] = [sub() for _ in range(rng.randrange(5))]
        elif key in ("properties", "patternProperties", "dependentSchemas"):
            schema[key] = {random_regex(rng, 2): sub() for _ in range(rng.randrange(5))}
        elif key == "required":
            schema[key] = [random_regex(rng, 2) for _ in range(rng.randrange(5))]
        elif key == "dependentRequired":
            schema[key] = {rng.choice("abc"): [rng.choice("abcd")]}
        elif key.startswith(("min", "max", "exclusive", "multiple")):
            schema[key] = rng.choice([0, 1, 3, -1, 1000, 10**9, 10**18, 10**40, 0.1, 1e-300, 1e300, "2", None])
        elif key == "uniqueItems":
            schema[key] = True
        elif key == "$ref":
            schema[key] = rng.choice(["#", "#/properties/a", "#/allOf/0", "http://x/y", "#/$defs/none", "", 5])
        elif key == "type":
            schema[key] = rng.choice(["object", "array", ["string", "null"], [], "x", {}])
        elif key == "format":
            schema[key] = rng.choice(["date-time", "uri", "email", "regex", "ipv6", "none", 1])
        elif key == "pattern":
            schema[key] = random_regex(rng, 4)
        else:
            schema[key] = sub()
    return schema


def random_regex(rng, depth):
    if depth == 0:
        return rng.choice(["a", "b", ".", "\\d", "\\w", "[^a]", "[a-z]", "\\p{L}", "^", "$", "\\b", "", "é", "\\s", "("])
    a, b = random_regex(rng, depth - 1), random_regex(rng, depth - 1)
    return rng.choice([a + b, f"({a}|{b})", f"({a})*", f"({a}){{{rng.randrange(40)},{rng.randrange(900)}}}", f"({a})+?",
                       f"(?={a}){b}", f"(?!{a}){b}", f"(?<={a}){b}", f"({a})\\1", f"[{a}{b}]", f"(?:{a}){{2,}}", a])


def schemas(rng):
    yield from [
        nested("not", 60, {"type": "string"}), nested("not", 5000, True), nested("items", 63, {"type": "integer"}),
        nested("allOf", 11, {"minLength": 3}, lambda value: [value, value]),
        nested("anyOf", 12, {"minLength": 3}, lambda value: [value, {"type": "object", "properties": {"a": value}}]),
        nested("oneOf", 8, {"pattern": "a+"}, lambda value: [value, {"not": value}, {"items": value}]),
        {"$ref": "#"}, {"not": {"$ref": "#"}}, {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"anyOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"oneOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}}},
        {"$defs": {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 4} for i in range(40)}, "$ref": "#/$defs/d0"},
        {"$defs": {f"d{i}": {"properties": {"l": {"$ref": f"#/$defs/d{(i * 7 + 1) % 40}"},
                                            "r": {"$ref": f"#/$defs/d{(i * 11 + 3) % 40}"}}} for i in range(40)},
         "allOf": [{"$ref": "#/$defs/d0"}, {"$ref": "#/$defs/d1"}, {"$ref": "#/$defs/d2"}]},
        {"properties": {f"p{i}": {"type": "integer"} for i in range(4999)}, "required": [f"p{i}" for i in range(4999)]},
        {"properties": {f"p{i}": {} for i in range(9000)}},
        {"required": [f"p{i}" for i in range(3000)], "maxProperties": 10},
        {"type": "object", "patternProperties": {f"(a|b)*a(a|b){{{i}}}": {"minimum": i} for i in range(14)}},
        {"patternProperties": {f".*{chr(97 + i)}.*": {"minLength": i} for i in range(20)}},
        {"propertyNames": {"pattern": "(a|b)*a(a|b){18}"}, "minProperties": 5},
        {"pattern": "(.*a){30}", "minLength": 900, "maxLength": 901}, {"minLength": 10**9}, {"maxLength": 10**18},
        {"allOf": [{"pattern": f"^(a{{{p}}})*$"} for p in (7, 11, 13, 17, 19, 23)]},
        {"minItems": 10**9}, {"items": {"enum": [1, 2]}, "uniqueItems": True, "minItems": 3},
        {"items": {"type": "boolean"}, "minItems": 1000, "uniqueItems": True},
        {"minProperties": 10**12}, {"prefixItems": [{"minimum": i} for i in range(2000)], "minItems": 2000},
        {"allOf": [{"contains": {"minimum": i}, "minContains": i, "maxContains": i + 2} for i in range(40)]},
        {"contains": {"type": "integer"}, "minContains": 10**9}, {"multipleOf": 1e-320}, {"multipleOf": 1e300},
        {"type": "integer", "multipleOf": 999983}, {"type": "integer", "multipleOf": 7, "minimum": -(10**60)},
        {"minimum": 10**400, "maximum": 10**401}, {"exclusiveMinimum": 0.1, "exclusiveMaximum": 0.1000000000000001},
        {"allOf": [{"multipleOf": p} for p in (2, 3, 5, 7, 11, 13, 17)]},
        {"enum": list(range(5000))}, {"enum": ["x" * 1000 + str(i) for i in range(100)]},
        {"not": {"enum": [{"a": i, "b": [i]} for i in range(300)]}}, {"const": json.loads("[" * 50 + "]" * 50)},
        {"oneOf": [{"properties": {"t": {"const": i}, f"p{i}": {"type": "integer"}}} for i in range(64)]},
        {"oneOf": [{"required": [f"p{i}"]} for i in range(20)]}, {"anyOf": [{"minimum": i} for i in range(5000)]},
        {"dependentRequired": {f"a{i}": [f"a{j}" for j in range(40)] for i in range(40)}},
        {"dependentSchemas": {f"a{i}": {"required": [f"a{i + 1}"], "minProperties": i} for i in range(30)}},
        {"allOf": [{"if": {"properties": {f"a{i}": {"const": 1}}}, "then": {"required": [f"b{i}"]}} for i in range(30)]},
        {"allOf": [{"not": {"required": [f"a{i}", f"b{i}"]}} for i in range(16)]},
        {"unevaluatedProperties": False, "anyOf": [{"properties": {f"a{i}": True}} for i in range(12)]},
        {"$id": "a" * 100000}, {"title": "t" * 200000}, {"properties": {"\ud800": {}, "\0": {}, "k" * 60000: {}}},
        {"$dynamicRef": "#x", "$dynamicAnchor": "x"}, {"type": ["string"] * 500},
    ]
    while True:
        yield random_schema(rng, rng.randrange(1, 7))


def regexes(rng):
    yield from [
        "((a{1000}){1000}){1000}", "a{1000}{1000}", "(a|b)*a(a|b){15}", "(a|b)*a(a|b){25}", "(x+x+)+y", "(a*)*", "(a|a)*",
        "(.{1,900}){1,900}", ".{1000}.{1000}.{1000}", "(?=.*a)(?=.*b)(?=.*c)(?=.*d)(?=.*e)(?=.*f)(?=.*g)(?=.*h).*",
        "(?!.*aa)(?!.*bb)(?!.*cc)[abc]{0,500}", "(?<=a{500})b", "[" + "a-z" * 1000 + "]", "|".join(map(str, range(900))),
        "(" * 300 + "a" + ")" * 300, "(" * 4000, ")" * 4000, "[" * 4000, "\\", "a**", "a{5,2}", "a{99999999999}", "(?<n>a)\\k<n>",
        "\\p{Nope}", "\\u{110000}", "[z-a]", "[^\\s\\S]", "\\b\\B", "(?:^a$)+", "\\p{L}{1000}", "[\\p{L}--a]", "(?i)abc",
        "(\\w+\\s?)*" * 50, "^(?:" * 1000, "\ud800", "\0" * 1000, "é{1000}", "(é|ü|中|😀){500}[^é]{400}", "x" * 4096, "x" * 5000,
        ".*".join("abcdefghijklmnop"), "(.*)(.*)(.*)(.*)(.*)\\5", "$^", "(?!)", "(?=a)b", "a^b",
    ]
    while True:
        yield random_regex(rng, rng.randrange(1, 8))


def grammars(rng):
    yield from [
        'root ::= root', 'root ::= root root | "a" | ""', 'root ::= a\na ::= b\nb ::= a', 'root ::= ("")*', 'root ::= ((""*)*)*',
        'root ::= root "a" | root "b" | "c"', 'root ::= x', 'x ::= "a"', '', '::=', 'root ::= "a', 'root ::= [a', 'root ::= (a',
        'root ::= ' + '(' * 10000 + '"a"' + ')' * 10000, 'root ::= ' + '(' * 190 + '"a"' + ')*' * 190,
        'root ::= ("a"{1000}){1000}', 'root ::= [a-z]{1000,1000}{1000,1000}', 'root ::= ("a" | "a")*' * 1,
        "\n".join(f'r{i} ::= r{i + 1} r{i + 1}' for i in range(60)) + '\nroot ::= r0\nr60 ::= "a" | ""',
        "\n".join(f'r{i} ::= r{i + 1} | r{i + 1} "x"' for i in range(60)) + '\nroot ::= r0\nr60 ::= "a"',
        "\n".join(f'r{i} ::= "x" r{i + 1}?' for i in range(4990)) + '\nroot ::= r0\nr4990 ::= "a"',
        "\n".join(f'r{i} ::= "x"' for i in range(6000)) + '\nroot ::= r0',
        'root ::= ' + ' | '.join(f'"{i}" root' for i in range(3000)), 'root ::= "' + "x" * 60000 + '"', 'root ::= "' + "x" * 70000 + '"',
        'root ::= [^\\x00-\\U0010FFFF]', 'root ::= a a a a a\na ::= b* \nb ::= c*\nc ::= "x"*', 'root ::= "\\q"', 'root ::= .',
        'root ::= "(" root ")" root | ""', 'root ::= a | b\na ::= "x" a "y" | ""\nb ::= "x" b "yy" | ""',
        'root ::= s\ns ::= s s s | s s | "a"', 'root ::= e\ne ::= e "+" e | e "*" e | "(" e ")" | [0-9]+', 'root ::= "a" root "a" | ""',
        'root ::= "a"{5,2}', 'root ::= "a"{99999999999}', 'root root', 'root ::= ::= "a"', '# only a comment', 'root ::= <[99999999]>',
        'root ::= \ud800', 'root ::= "\\u{ffffffff}"', 'root ::= [z-a]', 'root ::= "a" |', 'root ::= | | |',
    ]
    pieces = ['"a"', '"b"', '[a-c]', '(', ')', '*', '+', '?', '|', 'root', 'x', '{2,5}', '::=', '\n', ' ', '""', '[^a]', '{', '"', '#', '.']
    while True:
        body = " ".join(rng.choice(pieces) for _ in range(rng.randrange(1, 40)))
        extra = " ".join(rng.choice(pieces[:16]) for _ in range(rng.randrange(1, 20)))
        yield f"root ::= {body}\nx ::= {extra}"


def structural_tags(rng):
    tag = lambda begin, schema, end: {"begin": begin, "schema": schema, "end": end}
    legacy = lambda tags, triggers: {"type": "structural_tag", "structures": tags, "triggers": triggers}
    yield from [
        {}, [], "x", {"type": "structural_tag"}, legacy([], []), legacy([tag("<a>", {"type": "integer"}, "</a>")], [""]),
        legacy([tag("<a>", {"type": "integer"}, "</a>")], ["<b"]), legacy([tag("", {}, "")], [""]),
        legacy([tag("<" * 1000 + str(i), {"$ref": "#"}, ">") for i in range(100)], ["<" * 999]),
        {"type": "structural_tag", "format": {"type": "sequence", "elements": []}},
        {"type": "structural_tag", "format": nested("content", 500, {"type": "any_text"})},
        {"type": "structural_tag", "format": {"type": "triggered_tags", "triggers": ["a" * 5000], "tags": []}},
        {"type": "structural_tag", "format": {"type": "tag", "begin": "a", "end": "b", "content": {"type": "regex", "pattern": "(a{999}){999}"}}},
        {"type": "structural_tag", "format": {"type": "tag", "begin": "a", "end": "", "content": {"type": "any_text"}}},
    ]
    while True:
        yield legacy([tag("<" + rng.choice("ab") * rng.randrange(5), random_schema(rng, 2), rng.choice(["", "</a>", ">"]))
                      for _ in range(rng.randrange(1, 5))], [rng.choice(["<", "<a", "", "<aa", "x"])])


def make_cases(count, seed):
    sys.setrecursionlimit(20000)  # json.dumps of the deepest
    rng = random.Random(seed)
    shares = {"schema": (schemas(rng), 0.4), "regex": (regexes(rng), 0.25), "grammar": (grammars(rng), 0.25),
              "structural_tag": (structural_tags(rng), 0.1)}
    return [{kind: next(source)} for kind, (source, share) in shares.items() for _ in range(round(count * share))]


def resident_mib(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weft", default="build/weft")
    parser.add_argument("--tokenizer")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory-mib", type=int, default=2048, help="limit of the address space")
    parser.add_argument("--slow-s", type=float, default=2.5, help="list lines that take longer")
    options = parser.parse_args()
    cases = make_cases(options.count, options.seed)
    command = [options.weft, "grammar", "sample", "--jsonl", "--max-tokens", "50", "--no-strict"]
    if options.tokenizer:
        command += ["--tokenizer", options.tokenizer]
    limit = options.memory_mib << 20
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    outcomes, slowest, sizes, faults = collections.Counter(), [], [], 0
    for turn in range(2):
        peak = 0.0
        for case in cases:
            start = time.monotonic()
            try:
                process.stdin.write(json.dumps(case) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except BrokenPipeError:
                line = ""
            wall = time.monotonic() - start
            if not line:
                process.wait()
                print(f"DIED ({process.returncode}) on {json.dumps(case)[:500]}")
                sys.exit(1)
            peak = max(peak, resident_mib(process.pid))
            answer = json.loads(line)
            if turn:
                continue
            kind = next(iter(case))
            slowest.append((wall, answer.get("compile_us", 0) / 1e6, json.dumps(case)[:200], answer.get("error", "")[:80]))
            if answer["supported"]:
                outcomes[kind, "compiled"] += 1
                for message in answer["dead_ends"]:
                    outcomes[kind, "dead end"] += 1
                    print(f"dead end: {json.dumps(case)[:200]}: {message[-200:]}")
            else:
                outcomes[kind, "refused"] += 1
                if len(answer["error"]) < 10:
                    faults += 1
                    print(f"an error that says nothing: {answer['error']!r} for {json.dumps(case)[:200]}")
        sizes.append((peak, resident_mib(process.pid)))
    process.stdin.close()
    process.wait()
    slowest.sort(reverse=True)
    for wall, compile_s, text, error in slowest[:8]:
        print(f"{wall:.2f} s (compile {compile_s:.2f} s CPU): {text} {error}")
    for (kind, outcome), number in sorted(outcomes.items()):
        print(f"{kind}: {number} {outcome}")
    print("memory, MiB, peak after a line and at the end: " + "; ".join(f"{peak:.0f}, {end:.0f}" for peak, end in sizes))
    slow = sum(wall > options.slow_s for wall, *_ in slowest)
    print(f"{slow} lines took more than {options.slow_s} s")
    sys.exit(1 if faults or slow else 0)


if __name__ == "__main__":
    main()
