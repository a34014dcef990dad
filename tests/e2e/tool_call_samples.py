"""Prompts and tools of the Berkeley Function Calling Leaderboard, and the check that an answer's calls fit their tools.

Shared by test_tools.py and tools/check_tool_calls.py.
"""
import json
import random

import jsonschema

FILES = ["simple_python", "multiple", "parallel", "live_simple", "live_parallel"]
TYPES = {"dict": "object", "float": "number", "tuple": "array"}
MAPS = ("properties", "patternProperties", "$defs", "definitions")


def to_json_schema(schema, closed=False):
    """The leaderboard's Python type names as JSON Schema's; `any` allows every value. `closed`: objects have no members
    but those named, as OpenAI's strict tools have it."""
    if isinstance(schema, list):
        return [to_json_schema(item, closed) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {}
    for key, value in schema.items():
        if key == "type" and isinstance(value, str):
            if value != "any":
                out[key] = TYPES.get(value, value)
        elif key in MAPS and isinstance(value, dict):
            out[key] = {name: to_json_schema(part, closed) for name, part in value.items()}
        elif key in ("items", "additionalProperties", "anyOf", "oneOf", "allOf", "not"):
            out[key] = to_json_schema(value, closed)
        else:
            out[key] = value
    if closed and "properties" in out:
        out.setdefault("additionalProperties", False)
    return out


def load_samples(folder, count, seed=4, closed=False):
    """`count` samples, the same for the same seed: {"id", "messages", "tools"}."""
    lines = []
    for name in FILES:
        with open(folder / f"BFCL_v4_{name}.jsonl", encoding="utf-8") as file:
            lines += [json.loads(line) for line in file]
    samples = []
    for line in random.Random(seed).sample(lines, count):
        tools = [{"type": "function", "function": {"name": function["name"], "description": function["description"],
                                                   "parameters": to_json_schema(function["parameters"], closed)}}
                 for function in line["function"]]
        samples.append({"id": line["id"], "messages": line["question"][0], "tools": tools})
    return samples


def faults_of(calls, tools, named=None):
    """What is wrong with an answer's calls; an empty list: nothing."""
    schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in tools}
    faults = [] if calls else ["no call at all"]
    if named and [name for name, _ in calls] != [named]:
        faults.append(f"{named} was asked for, called: {[name for name, _ in calls]}")
    for name, arguments in calls:
        if name not in schemas:
            faults.append(f"no tool is called {name}")
            continue
        try:
            jsonschema.Draft202012Validator(schemas[name]).validate(json.loads(arguments))
        except (ValueError, jsonschema.ValidationError) as error:
            faults.append(f"{name}({arguments[:300]}): {str(error).splitlines()[0]}")
    return faults
