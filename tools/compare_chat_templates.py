#!/usr/bin/env python3
"""Random chats on published templates: transformers' apply_chat_template beside `weft render --jsonl`.

    pip install jinja2==3.1.6 transformers
    tools/compare_chat_templates.py build-dev/weft DIR --cases 2000

Beyond tools/fuzz_templates.py --templates this compares what transformers does around a template: tools, documents and
missing variables, continue_final_message, names of reasoning. DIR holds .jinja files. Run by hand.
"""
import argparse
import json
import pathlib
import random
import sys

from transformers.utils import chat_template_utils

import fuzz_templates


class FixedClock(fuzz_templates.datetime):
    @classmethod
    def now(cls, tz=None):
        return fuzz_templates.NOW


chat_template_utils.datetime = FixedClock


def make_case(rng, templates):
    context = fuzz_templates.Chatter(rng).context()
    context.setdefault("tools", None)
    context.setdefault("documents", None)
    context["add_generation_prompt"] = rng.random() < 0.5
    context["continue_final_message"] = not context["add_generation_prompt"] and rng.random() < 0.6
    return {"template": rng.choice(templates), "context": context}


def by_transformers(case):
    known = ("messages", "tools", "documents", "add_generation_prompt", "continue_final_message")
    context = case["context"]
    extra = {key: value for key, value in context.items() if key not in known}
    try:
        rendered, _ = chat_template_utils.render_jinja_template(
            [context["messages"]], tools=context["tools"], documents=context["documents"], chat_template=case["template"],
            continue_final_message=context["continue_final_message"],
            add_generation_prompt=context["add_generation_prompt"], **extra)
        return {"output": rendered[0]}
    except Exception as error:  # whatever a template can make Python raise
        return {"error": f"{type(error).__name__}: {error}"}


def for_weft(case):
    """An object FILE of weft render holds variables as they are; the names of reasoning are a request's matter."""
    context = dict(case["context"])
    context["messages"] = chat_template_utils._alias_reasoning_fields(context["messages"])
    return {"template": case["template"], "context": context}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weft")
    parser.add_argument("templates", type=pathlib.Path)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--show", type=int, default=5)
    flags = parser.parse_args()
    templates = [path.read_text(encoding="utf-8") for path in sorted(flags.templates.rglob("*.jinja*"))]
    weft = fuzz_templates.Weft(flags.weft)
    different, rendered = 0, 0
    for i in range(flags.cases):
        case = make_case(random.Random(f"{flags.seed}/request/{i}"), templates)
        want, got = by_transformers(case), weft.render(for_weft(case))
        rendered += "output" in want
        what = fuzz_templates.difference(want, got)
        if not what:
            continue
        different += 1
        if different <= flags.show:
            print(f"{json.dumps(case['context'], ensure_ascii=False)}\n    template: {case['template'][:200]!r}\n"
                  f"    transformers: {want}\n    weft: {what}")
    print(f"{different} of {flags.cases} requests differ; transformers rendered {rendered} of them without an error")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
