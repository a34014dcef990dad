"""Random schemas with random instances, judged by Python's jsonschema: cases for `weft grammar check --jsonl` or the
grammar room's tests.

    pip install jsonschema
    tools/json_schema_fuzz.py [--seed N] [--schemas N] [--draft 2020-12|7|4] > cases.jsonl

Each line is {"id", "schema", "tests": [{"description", "valid", "data"}]}, as the data files have them. Instances are
random values and small changes of what the schema names, so that many are nearly valid.
"""

import argparse
import json
import random

import jsonschema

KEYS = ["a", "b", "c", "ab", "x1"]
TEXTS = ["", "a", "b", "ab", "aab", "abc", "1", "é", "zz"]
NUMBERS = [0, 1, 2, 3, -1, 1.5, 2.5, 10, 6, 1.0, -2]
PATTERNS = ["^a", "b$", "^[ab]*$", "a+b", "^.$", "[0-9]", "^x|c$", "^$"]
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
VALIDATORS = {
    "2020-12": jsonschema.Draft202012Validator,
    "7": jsonschema.Draft7Validator,
    "4": jsonschema.Draft4Validator,
}


def value(rng, depth):
    kind = rng.randrange(8 if depth > 0 else 5)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind in (1, 2):
        return rng.choice(NUMBERS)
    if kind in (3, 4):
        return rng.choice(TEXTS)
    if kind == 5:
        return [value(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {rng.choice(KEYS): value(rng, depth - 1) for _ in range(rng.randrange(4))}


class Maker:
    def __init__(self, rng, draft):
        self.rng, self.draft = rng, draft

    def schemas(self, depth, low=1, high=3):
        return [self.schema(depth) for _ in range(self.rng.randint(low, high))]

    def keywords(self, depth):
        r = self.rng
        scalars = {
            "type": lambda: r.choice([r.choice(TYPES), r.sample(TYPES, 2)]),
            "enum": lambda: [value(r, 2) for _ in range(r.randint(1, 4))],
            "minimum": lambda: r.choice(NUMBERS),
            "maximum": lambda: r.choice(NUMBERS),
            "multipleOf": lambda: r.choice([1, 2, 3, 0.5]),
            "minLength": lambda: r.randrange(3),
            "maxLength": lambda: r.randrange(4),
            "pattern": lambda: r.choice(PATTERNS),
            "required": lambda: r.sample(KEYS, r.randint(1, 2)),
            "minProperties": lambda: r.randrange(3),
            "maxProperties": lambda: r.randrange(4),
            "minItems": lambda: r.randrange(3),
            "maxItems": lambda: r.randrange(4),
            "uniqueItems": lambda: True,
        }
        if self.draft == "4":
            scalars["exclusiveMinimum"] = lambda: r.choice([True, False])
        else:
            scalars["const"] = lambda: value(r, 2)
            scalars["exclusiveMinimum"] = lambda: r.choice(NUMBERS)
            scalars["exclusiveMaximum"] = lambda: r.choice(NUMBERS)
        if depth == 0:
            return scalars
        down = depth - 1
        nested = {
            "properties": lambda: {k: self.schema(down) for k in r.sample(KEYS, r.randint(1, 3))},
            "patternProperties": lambda: {p: self.schema(down) for p in r.sample(PATTERNS, r.randint(1, 2))},
            "additionalProperties": lambda: r.choice([False, self.schema(down)]),
            "items": lambda: self.schema(down),
            "allOf": lambda: self.schemas(down),
            "anyOf": lambda: self.schemas(down),
            "oneOf": lambda: self.schemas(down),
            "not": lambda: self.schema(down),
            "dependencies": lambda: {r.choice(KEYS): r.choice([[r.choice(KEYS)], self.schema(down)])},
        }
        if self.draft != "4":
            nested["propertyNames"] = lambda: self.schema(0)
            nested["contains"] = lambda: self.schema(down)
            nested["if"] = lambda: self.schema(down)
        if self.draft == "2020-12":
            nested["prefixItems"] = lambda: self.schemas(down)
            nested["minContains"] = lambda: r.randrange(3)
            nested["maxContains"] = lambda: r.randrange(1, 3)
            nested["dependentRequired"] = lambda: {r.choice(KEYS): [r.choice(KEYS)]}
            nested["dependentSchemas"] = lambda: {r.choice(KEYS): self.schema(down)}
            nested["unevaluatedProperties"] = lambda: r.choice([False, self.schema(down)])
            nested["unevaluatedItems"] = lambda: r.choice([False, self.schema(down)])
            del nested["dependencies"]
        else:
            plain = nested["items"]
            nested["items"] = lambda: plain() if r.random() < 0.6 else self.schemas(down)
            nested["additionalItems"] = lambda: r.choice([False, self.schema(down)])
        return {**scalars, **nested, **nested}

    def schema(self, depth):
        r = self.rng
        if r.random() < 0.06 and self.draft != "4":
            return r.random() < 0.6
        if depth > 0 and r.random() < 0.08:
            return {"$ref": r.choice(["#/definitions/d0", "#/definitions/d1"])}
        keywords = self.keywords(depth)
        chosen = r.sample(sorted(keywords), min(len(keywords), r.choice([1, 1, 2, 2, 3])))
        out = {k: keywords[k]() for k in chosen}
        if "if" in out:
            for branch in ("then", "else"):
                if r.random() < 0.8:
                    out[branch] = self.schema(depth - 1)
        if "exclusiveMinimum" in out and self.draft == "4":
            out.setdefault("minimum", r.choice(NUMBERS))
        return out

    def root(self):
        schema = self.schema(3)
        if not isinstance(schema, dict) or "$ref" in schema:
            schema = {"allOf": [schema]}
        # References go down into a value, so that they mean something.
        schema["definitions"] = {
            "d0": {"properties": {"a": {"$ref": "#"}, "b": self.schema(1)}, "minProperties": self.rng.randrange(2)},
            "d1": {"items": self.schema(1), self.rng.choice(["maxItems", "minLength"]): 2},
        }
        return schema


def constants(schema, out):
    if isinstance(schema, dict):
        out.extend(schema.get("enum", []) if isinstance(schema.get("enum"), list) else [])
        if "const" in schema:
            out.append(schema["const"])
        for part in schema.values():
            constants(part, out)
    elif isinstance(schema, list):
        for part in schema:
            constants(part, out)


def changed(rng, data):
    if isinstance(data, list) and data:
        data = list(data)
        at = rng.randrange(len(data))
        data[at] = value(rng, 1)
        return data
    if isinstance(data, dict):
        return {**data, rng.choice(KEYS): value(rng, 1)}
    return value(rng, 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--schemas", type=int, default=1000)
    parser.add_argument("--draft", choices=sorted(VALIDATORS), default="2020-12")
    args = parser.parse_args()
    uris = {"2020-12": "https://json-schema.org/draft/2020-12/schema"}
    for number in range(args.schemas):
        rng = random.Random(f"{args.seed}-{args.draft}-{number}")
        schema = Maker(rng, args.draft).root()
        schema["$schema"] = uris.get(args.draft, f"http://json-schema.org/draft-0{args.draft}/schema#")
        known = []
        constants(schema, known)
        instances = known + [changed(rng, each) for each in known]
        instances += [value(rng, rng.randrange(4)) for _ in range(40)]
        validator = VALIDATORS[args.draft](schema)
        tests = []
        try:
            for data in instances:
                tests.append({"description": "", "valid": validator.is_valid(data), "data": data})
        except RecursionError:
            continue
        print(json.dumps({"id": f"fuzz-{args.draft}-{args.seed}-{number}", "schema": schema, "tests": tests}))


if __name__ == "__main__":
    main()
