#!/usr/bin/env python3
"""Random templates rendered by `weft render --jsonl` and by Python's Jinja2 as Hugging Face's transformers configures it.

    pip install jinja2==3.1.6
    tools/fuzz_templates.py build-dev/weft --cases 20000 --seed 1
    tools/fuzz_templates.py build-dev/weft --keep testdata/jinja_cases.jsonl   # adds the (shrunk) findings to a file
    tools/fuzz_templates.py build-dev/weft --replay testdata/jinja_cases.jsonl # and checks a file again

A difference is another output, or an error on one side only. What a message says is free, except raise_exception's.
Run by hand; what it finds belongs into testdata/jinja_cases.jsonl, which the tests of src/text/jinja read. The clock is
2025-07-10T12:00:00 on both sides.
"""
import argparse
import json
import pathlib
import random
import re
import subprocess
import sys
import warnings
from datetime import datetime

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox

warnings.simplefilter("ignore", SyntaxWarning)  # of the Python that Jinja makes
NOW = datetime(2025, 7, 10, 12, 0, 0)
# What names an address or a type of Python itself; and what is random.
UNSTABLE = re.compile(r" at 0x|<function|<built-in|<bound method|<class|<module|object of <|<jinja2|<Undefined|LoopContext", re.IGNORECASE)


class GenerationBlock(jinja2.ext.Extension):
    """{% generation %}: a call block, as in transformers."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_text"), [], [], body).set_lineno(line)

    @staticmethod
    def _text(caller):
        return caller()


class TemplateDict:
    def __call__(self, *args, **kwargs):
        return dict(*args, **kwargs)

    def fromkeys(self, *args, **kwargs):
        return dict.fromkeys(*args, **kwargs)


class TemplateNamespace(jinja2.utils.Namespace):
    def __init__(*args, **kwargs):
        self, args = args[0], args[1:]
        attributes = dict(*args, **kwargs)
        for name in attributes:
            TemplateNamespace._check(name)
        jinja2.utils.Namespace.__init__(self, attributes)

    def __setitem__(self, name, value):
        TemplateNamespace._check(name)
        jinja2.utils.Namespace.__setitem__(self, name, value)

    @staticmethod
    def _check(name):
        if isinstance(name, str) and name.startswith("_"):
            raise jinja2.exceptions.SecurityError(f"underscore-prefixed attribute {name!r}")


class Raised(jinja2.exceptions.TemplateError):
    """By raise_exception: the one error whose text counts."""


def raise_exception(message):
    raise Raised(message)


def to_json(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def make_environment():
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[GenerationBlock, jinja2.ext.loopcontrols])
    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = NOW.strftime
    environment.globals["dict"] = TemplateDict()
    environment.globals["namespace"] = TemplateNamespace
    return environment


ENVIRONMENT = make_environment()


def by_jinja2(case):
    """{"output": text}, or {"error": text, "raised": whether raise_exception said it}."""
    try:
        return {"output": ENVIRONMENT.from_string(case["template"]).render(**case["context"])}
    except Raised as error:
        return {"error": str(error), "raised": True}
    except RecursionError:
        return {"error": "recursion"}
    except Exception as error:  # whatever a template can make Python raise
        return {"error": f"{type(error).__name__}: {error}"}


class Weft:
    """One process that answers line by line."""

    def __init__(self, binary):
        self.process = subprocess.Popen([binary, "render", "--jsonl", "--now", NOW.isoformat()], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def render(self, case):
        self.process.stdin.write(json.dumps({"template": case["template"], "context": case["context"]}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"weft ended with {self.process.wait()} at {case['template']!r}")
        return json.loads(line)


def difference(want, got):
    """None, or what differs."""
    if "output" in want:
        if isinstance(want["output"], str) and UNSTABLE.search(want["output"]):
            return None
        if "output" not in got:
            return f"error: {got['error']}"
        return None if want["output"] == got["output"] else f"output {got['output']!r}"
    if "output" in got:
        return f"no error, but {got['output']!r}"
    if want.get("raised") and not got["error"].endswith(want["error"]):
        return f"another message: {got['error']}"
    return None


# --- random templates -------------------------------------------------------------------------------------------------

CONTEXT = {
    "messages": [
        {"role": "system", "content": "You are\n a <helpful> assistant. "},
        {"role": "user", "content": [{"type": "text", "text": "Grüße, 世界 🤗"}, {"type": "image"}]},
        {"role": "assistant", "content": "<think>hm\n</think>It's 5 o'clock\t& \"done\"",
         "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"x": 1, "y": [1.5, None, True]}}}]},
        {"role": "tool", "content": "{\"a\": 1}", "name": "f"},
    ],
    "tools": [{"type": "function", "function": {"name": "get_w", "description": "Weather; \"now\"",
                                                "parameters": {"type": "object", "properties": {"city": {"type": "string", "enum": ["a", "é"]}},
                                                               "required": ["city"]}}}],
    "s": "Hello World", "t": "  two  words \n", "u": "naïve ﬁ ß Ǆ ŉ İ Σς 世界", "e": "", "m": "a<b> & 'c' \"d\"", "lines": "one\ntwo\r\nthree\x0b4\n\nfive ",
    "digits": "12_3", "num": "-4.50", "i": 7, "neg": -3, "zero": 0, "big": 1234567890123, "f": 2.5, "g": 1e22, "h": -0.1, "yes": True,
    "no": False, "nothing": None, "nums": [3, 1, 2, 2], "words": ["b", "A", "c", "a", ""], "mixed": [1, "1", 1.0, True, None, [], {}],
    "nested": [[1, [2, 3]], [4], []], "d": {"b": 1, "a": 2, "C": "x", "items": "shadow", "é": None}, "empty_list": [], "empty_dict": {},
    "people": [{"name": "Bob", "age": 30, "tags": ["x"]}, {"name": "alice", "age": 25, "tags": []}, {"name": "Carl", "age": 30}],
    "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>", "x1": "a.b.c", "prefix": "pre-fix", "tab": "a\tbc\td",
}
STRINGS = ["s", "t", "u", "e", "m", "lines", "digits", "num", "x1", "prefix", "tab", "bos_token", "messages[0].content", "messages[2]['content']",
           "d.C", "people[0].name", "tools[0].function.name"]
INTS = ["i", "neg", "zero", "big", "nums[0]", "people[1].age", "d.a", "nums|length"]
FLOATS = ["f", "h", "g"]
LISTS = ["nums", "words", "mixed", "nested", "empty_list", "messages", "people", "tools", "nested[0]", "messages[1].content", "range(4)"]
DICTS = ["d", "empty_dict", "messages[0]", "messages[2]", "people[1]", "tools[0]", "{'k': 1, 2: 'v'}"]
LITERALS = ["''", "'a'", '"it\'s"', "'\\n'", "'\\t x'", "'\\u00e9\\x41'", "'a' 'b'", "'%s'", "'{}'", "' '", "'\\\\'", "'\\''", "'\\101'", "'\\q'",
            "'<b>'", "'ß'", "'世'", "'🤗'", "'a,b,,c'", "'x y  z'", "'\\x85'", "'\\u2028'", "'ABC'", "'0'", "'ab'", "'l'", "'o'"]


class Maker:
    def __init__(self, rng):
        self.rng = rng
        self.depth = 0
        self.names = []
        self.macros = []
        self.in_loop = 0
        self.count = 0

    def pick(self, *choices):
        return self.rng.choice(choices)

    def chance(self, p):
        return self.rng.random() < p

    # -- expressions
    def deep(self):
        return self.depth > 3 or self.chance(0.25)

    def expr(self, kind="any"):
        if self.chance(0.04):
            kind = "any"
        if kind == "any":
            kind = self.pick("str", "str", "str", "int", "float", "list", "dict", "bool", "odd")
        self.depth += 1
        out = getattr(self, "make_" + kind)()
        self.depth -= 1
        return out

    def make_odd(self):
        if self.deep():
            return self.pick("none", "undefined_name", "d.nope", "nothing", "True", "()", "nums[9]", "loop", "[]")
        return self.fill(self.pick("none", "undefined_name", "s.nope", "d.nope", "d['b']", "d[1]", "nothing", "True", "false", "loop", "()", "(1,)", "(1, 'a')",
                         "nums[9]", "s[99]", "namespace(a=1)", "joiner", "[]", "{}", "d.items()", "d.keys()", "d.values()", "range(3)", "s.upper",
                         "d.get", "self", "caller", "varargs", "cycler(1, 2)", "dict(a=1)", "messages[0].get('role')", "undefined_name.x",
                         f"(§any if §bool)", f"(§any or §any)", f"(§any and §any)",
                         f"(§any)", f"(§any if §bool else §any)", f"dict(a=§any)",
                         f"dict.fromkeys(§list)", f"§§list|first", f"§§list|last", f"§§list|max",
                         f"§§list|min", f"§§list|sum", f"§§dict.get(§str, §any)",
                         f"§§any|attr(§str)", f"§§dict[§any]", f"§§list[§int]",
                         f"§§any|default(§any)", f"§§any|d(§any, true)"))

    def fill(self, text):
        """Puts expressions where §kind (or, in brackets where needed, §§kind) stands."""
        def one(match):
            if match[2] == "n":
                return self.small()
            return self.atom(match[2]) if match[1] else self.expr(match[2])
        return re.sub("§(§?)([a-z]+)", one, text)

    def atom(self, kind):
        text = self.expr(kind)
        return text if re.fullmatch(r"[\w.\[\]']+", text) and "'" not in text.strip("'") else f"({text})"

    def local(self):
        return self.rng.choice(self.names) if self.names and self.chance(0.4) else None

    def make_str(self):
        if self.deep():
            return self.local() or (self.rng.choice(STRINGS) if self.chance(0.6) else self.rng.choice(LITERALS))
        a = self.atom
        return self.pick(self.string_method, self.string_method, self.string_filter, self.string_filter, self.string_filter,
                         lambda: f"{a('any')} ~ {a('any')}", lambda: f"{a('str')} + {a('str')}", lambda: f"{a('str')} * {self.small()}",
                         lambda: f"{a('str')}[{self.slice()}]", lambda: f"{a('str')}[{self.small()}]", self.percent, self.brace, self.to_json,
                         lambda: f"strftime_now({self.pick(repr('%Y-%m-%d'), repr('%d %b %Y %H:%M:%S %j %A %p'), repr('%-d %y %I %U %%'))})",
                         lambda: f"{a('list')}|join({self.expr('str')})", lambda: f"{a('list')}|join", lambda: f"{a('list')}|string",
                         lambda: f"{a('list')}|map('string')|join({self.expr('str')})", lambda: f"{a('str')}.join({self.expr('list')})",
                         lambda: f"{a('list')}|join({self.expr('str')}, attribute='name')")()

    def string_method(self):
        s, rng = self.atom("str"), self.rng
        t = lambda: self.expr("str")
        n = self.small
        return s + rng.choice([
            lambda: ".upper()", lambda: ".lower()", lambda: ".strip()", lambda: ".title()", lambda: ".capitalize()", lambda: ".swapcase()",
            lambda: ".casefold()", lambda: f".strip({t()})", lambda: f".lstrip({t()})", lambda: f".rstrip({t()})", lambda: ".lstrip()", lambda: ".rstrip()",
            lambda: f".replace({t()}, {t()})", lambda: f".replace({t()}, {t()}, {n()})", lambda: f".center({n()})", lambda: f".ljust({n()}, '*')",
            lambda: f".rjust({n()})", lambda: f".zfill({n()})", lambda: ".expandtabs()", lambda: f".expandtabs({n()})",
            lambda: f".removeprefix({t()})", lambda: f".removesuffix({t()})", lambda: f".split({t()})[0]", lambda: f".split()[-1]",
            lambda: f".split({t()}, {n()})|last", lambda: f".rsplit({t()}, {n()})|first", lambda: f".partition({t()})[2]",
            lambda: f".rpartition({t()})[0]", lambda: f".format({self.expr()})", lambda: f".translate({{}})",
            lambda: f".format_map({self.expr('dict')})"])()

    def string_filter(self):
        s, rng = self.atom("any" if self.chance(0.3) else "str"), self.rng
        t = lambda: self.expr("str")
        n = self.small
        return s + rng.choice([
            lambda: "|upper", lambda: "|lower", lambda: "|trim", lambda: f"|trim({t()})", lambda: "|title", lambda: "|capitalize", lambda: "|string",
            lambda: f"|replace({t()}, {t()})", lambda: f"|replace({t()}, {t()}, {n()})", lambda: f"|indent({n()})", lambda: f"|indent({n()}, true)",
            lambda: f"|indent(width={t()}, first=true, blank=true)", lambda: f"|truncate({n()})", lambda: f"|truncate({n()}, true, {t()}, {n()})",
            lambda: f"|truncate({n()}, leeway=0)", lambda: f"|wordwrap({n()})", lambda: f"|wordwrap({n()}, false)", lambda: f"|wordwrap({n()}, wrapstring={t()})",
            lambda: f"|center({n()})", lambda: "|e", lambda: "|escape|e", lambda: "|safe", lambda: "|forceescape", lambda: "|striptags", lambda: "|urlencode",
            lambda: "|reverse", lambda: "|first", lambda: "|last", lambda: f"|default({t()})", lambda: "|tojson", lambda: "|filesizeformat",
            lambda: "|filesizeformat(true)", lambda: "|xmlattr", lambda: f"|format({self.expr()})", lambda: "|safe|upper",
            lambda: f"|e ~ {t()}", lambda: f"|safe + {t()}", lambda: f"|safe|replace({t()}, {t()})"])()

    def percent(self):
        spec = self.pick("%s", "%5s|", "%-5s|", "%.2s", "%r", "%d", "%05d", "%+d", "% d", "%x", "%#X", "%o", "%c", "%f", "%.3f", "%e", "%g", "%10.2f", "%.0f",
                         "%%", "%i", "%5.1f%%", "%-8d|", "%a", "%*d", "%E", "%G", "%u", "%#o", "%ld", "%.2d", "%03s", "%+.1e", "%#g")
        kind = "int" if spec[-1] in "dxXocu" else "float" if spec[-1] in "feg" else "any"
        return self.fill(self.pick(f"{spec!r} % §§{kind}", f"{spec!r} % (§{kind},)", f"'%s-%s' % (§any, §any)",
                         f"'%(b)s %(a)03d' % §§dict", f"{spec!r}|format(§{kind})", f"'%(x)s'|format(x=§any)"))

    def brace(self):
        spec = self.pick("{}", "{!r}", "{!s:>8}", "{:>6}", "{:<6}|", "{:^7}|", "{:*^9}", "{:05d}", "{:,}", "{:+}", "{:x}", "{:#b}", "{:.2f}", "{:e}", "{:g}", "{:%}",
                         "{:.3}", "{:_}", "{:c}", "{:08.3f}", "{:10,.2f}", "{0}{0}", "{{}}{}", "{:n}", "{!a}", "{:=+7}", "{: d}", "{:<08}", "{:é>5}", "{:{}}",
                         "{:.0f}", "{:#x}", "{:o}", "{:X}", "{:G}", "{:_x}", "{:z.1f}", "{:.1%}", "{:s}")
        kind = "int" if spec[-2] in "dxXbco" else "float" if spec[-2] in "fegG%" else "any"
        return self.fill(self.pick(f"{spec!r}.format(§{kind})", f"{spec!r}.format(§{kind}, §n)", f"'{{a}}-{{b}}'.format(a=§any, b=§any)",
                         f"'{{0[b]}}'.format(§dict)", f"'{{0.x}}'.format(§any)", f"'{{1}}{{0}}'.format(§any, §any)"))

    def to_json(self):
        options = [self.pick("indent=2", "indent=4", "indent=0", "indent='\\t'", "indent=none"), "ensure_ascii=true", "sort_keys=true",
                   self.pick("separators=(',', ':')", "separators=(', ', ': ')", "separators=[' ; ', ' = ']")]
        chosen = [o for o in options if self.chance(0.35)]
        return f"{self.atom('any' if self.chance(0.4) else self.pick('list', 'dict'))}|tojson" + (f"({', '.join(chosen)})" if chosen else "")

    def small(self):
        return str(self.pick(0, 1, 2, 3, 5, 8, 12, 20, -1, -2))

    def slice(self):
        part = lambda: self.pick("", "", self.small(), self.small(), "none", "i")
        return self.pick(f"{part()}:{part()}", f"{part()}:{part()}:{part()}", "::-1", "1:", ":-1")

    def make_int(self):
        if self.deep():
            return self.local() or self.pick(self.rng.choice(INTS), str(self.rng.randrange(0, 40)), self.small(), "1_000", "0x1F", "0b11", "0o17")
        a = self.atom
        return self.pick(lambda: f"{a('int')} {self.pick('+', '-', '*', '//', '%', '/')} {a('int')}", lambda: f"-{a('int')}", lambda: f"+{a('int')}",
                         lambda: f"{a('any')}|length", lambda: f"{a('any')}|count", lambda: f"{a('str')}|int", lambda: f"{a('any')}|int({self.small()})",
                         lambda: f"{a('str')}|int(5, {self.pick('2', '8', '16', '0', '36', '10')})", lambda: f"{a('num')}|abs", lambda: f"{a('num')}|round|int",
                         lambda: f"{a('str')}.find({self.expr('str')})", lambda: f"{a('str')}.count({self.expr('str')})", lambda: f"{a('list')}|sum",
                         lambda: f"{a('str')}|wordcount", lambda: f"{a('list')}.index({self.expr()})", lambda: f"{a('list')}.count({self.expr()})",
                         lambda: f"{a('str')}.rfind({self.expr('str')}, {self.small()})", lambda: f"{a('int')} ** {self.pick('0', '1', '2', '3', '-1', '2 ** 2')}",
                         lambda: f"{a('str')}.index({self.expr('str')})", lambda: f"people|sum(attribute='age')",
                         lambda: f"{a('list')}|sum(start={self.small()})")()

    def make_num(self):
        return self.expr(self.pick("int", "float"))

    def make_float(self):
        if self.deep():
            return self.pick(self.rng.choice(FLOATS), self.pick("1.0", "0.5", "1e3", "1.5e-7", "123456789.123", "1e16", "2.675", "0.1"))
        a = self.atom
        return self.pick(lambda: f"{a('num')} {self.pick('+', '-', '*', '/', '//', '%')} {a('num')}", lambda: f"{a('num')}|float", lambda: f"{a('str')}|float",
                         lambda: f"{a('num')}|round({self.pick('', '1', '2', '-1', '0')})", lambda: f"{a('num')}|round({self.pick('1', '2', '0')}, {self.pick(repr('ceil'), repr('floor'), repr('common'))})",
                         lambda: f"{a('int')} / {a('int')}", lambda: f"{a('any')}|float({self.expr('float')})", lambda: f"{a('float')} ** {self.pick('2', '3', '-1')}",
                         lambda: f"-{a('float')}", lambda: f"{a('num')} * {a('num')}")()

    def make_bool(self):
        if self.deep():
            return self.pick("yes", "no", "true", "False", "nothing is none", "s is defined", "nope is defined", "add_generation_prompt")
        a = self.atom
        return self.pick(lambda: f"{a('any')} {self.pick('==', '!=')} {a('any')}", lambda: f"{a('num')} {self.pick('<', '<=', '>', '>=')} {a('num')}",
                         lambda: f"{a('str')} {self.pick('<', '<=', '>', '>=')} {a('str')}", lambda: f"{a('str')} in {a('str')}",
                         lambda: f"{a('any')} {self.pick('in', 'not in')} {a(self.pick('list', 'dict', 'str'))}", lambda: f"not {a('any')}",
                         lambda: f"{self.expr('bool')} {self.pick('and', 'or')} {self.expr('bool')}", self.test, self.test, self.test,
                         lambda: f"{a('num')} < {a('num')} <= {a('num')}", lambda: f"{a('list')} {self.pick('<', '==', '>=')} {a('list')}",
                         lambda: f"{a('str')}.startswith({self.expr('str')})", lambda: f"{a('str')}.endswith(('a', {self.expr('str')}))",
                         lambda: f"{a('str')}.{self.pick('isdigit', 'isalpha', 'isalnum', 'isspace', 'isupper', 'islower', 'istitle', 'isnumeric', 'isdecimal', 'isascii', 'isidentifier', 'isprintable')}()",
                         lambda: f"{a('str')}.startswith({self.expr('str')}, {self.small()})")()

    def test(self):
        a = self.atom("any")
        name = self.pick("defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping", "iterable", "sequence", "callable", "true",
                         "false", "lower", "upper", "odd", "even", "escaped", "not none", "not string", f"divisibleby(§n)", f"divisibleby 3", f"eq(§any)",
                         f"ne {self.rng.choice(INTS)}", f"sameas(§any)", f"in(§list)", "in words", f"gt(§num)", f"lessthan §n", "equalto 'a'",
                         "filter", "test", f"ge(§str)", f"not in(§str)")
        return self.fill(f"{a} is {name}")

    def make_list(self):
        if self.deep():
            return self.rng.choice(LISTS)
        a = self.atom
        return self.pick(lambda: "[" + ", ".join(self.expr() for _ in range(self.rng.randrange(4))) + "]", lambda: f"{a('list')} + {a('list')}",
                         lambda: f"{a('list')}[{self.slice()}]", lambda: f"{a('str')}.split({self.pick('', self.expr('str'))})", lambda: f"{a('str')}.splitlines({self.pick('', 'true')})",
                         lambda: f"{a('list')} * {self.pick('0', '2', '3')}", self.list_filter, self.list_filter, self.list_filter,
                         lambda: f"range({self.small()}, {self.small()}, {self.pick('1', '2', '-1', '3')})|list", lambda: f"{a('dict')}.items()|list",
                         lambda: f"{a('dict')}|items|list", lambda: f"{a('dict')}|dictsort", lambda: f"{a('dict')}.keys()|list", lambda: f"{a('dict')}|list",
                         lambda: f"({self.expr()}, {self.expr()})", lambda: f"{a('str')}|list", lambda: f"{a('dict')}|dictsort({self.pick('true', 'false', 'by=' + repr('value'), 'reverse=true')})",
                         lambda: f"{a('str')}.partition({self.expr('str')})")()

    def list_filter(self):
        a, t = self.atom("list"), lambda: self.expr("str")
        return self.fill(self.pick(f"{a}|sort", f"{a}|sort(reverse=true)", f"{a}|sort(case_sensitive=true)", "people|sort(attribute='age')", "people|sort(attribute='age,name')",
                         f"{a}|unique|list", f"{a}|reverse|list", f"{a}|list", f"{a}|map('upper')|list", f"{a}|map('length')|list", "people|map(attribute='name')|list",
                         "people|map(attribute='tags.0', default='-')|list", "messages|map(attribute='role')|list", f"{a}|select('string')|list", f"{a}|reject('none')|list",
                         f"{a}|select|list", f"{a}|reject|list", f"{a}|select('gt', §n)|list", "people|selectattr('age', 'gt', 26)|map(attribute='name')|list",
                         "people|selectattr('tags')|list", "people|rejectattr('tags', 'defined')|list", "messages|selectattr('role', 'equalto', 'user')|list", f"{a}|batch({self.pick('2', '3')})|list",
                         f"{a}|batch(2, §any)|list", f"{a}|slice({self.pick('2', '3')})|list", f"{a}|slice(2, §any)|list", "people|groupby('age')|list",
                         "people|groupby('tags', default=[])|list", "(people|groupby('age'))[0].list|length", f"{a}|map('default', §any)|list", f"{a}|map('int')|list",
                         f"{a}|map('replace', §str, §str)|list", f"{a}|select('in', §list)|list", f"{a}|map('tojson')|list", f"{a}|map('first')|list",
                         f"{a}|unique(true)|list", "messages|rejectattr('content', 'string')|list", f"{a}|map('string')|sort|list", f"{a}|map('trim', §str)|list",
                         "people|map(attribute='age')|sum", "people|groupby('name', case_sensitive=true)|map('first')|list", f"{a}|map('round', 1)|list", f"{a}|select('divisibleby', 2)|list",
                         "people|min(attribute='age')", "people|max(attribute='name')", "words|min(case_sensitive=true)", "people|unique(attribute='age')|list"))

    def make_dict(self):
        if self.deep():
            return self.rng.choice(DICTS)
        return self.pick(lambda: "{" + ", ".join(f"{self.expr(self.pick('str', 'str', 'int'))}: {self.expr()}" for _ in range(self.rng.randrange(4))) + "}",
                         lambda: f"dict({self.expr('dict')}, z={self.expr()})", lambda: f"{self.atom('list')}|first", lambda: f"dict({self.expr('dict')}, **{self.expr('dict')})",
                         lambda: f"dict([['a', {self.expr()}], ('b', 1)])", lambda: f"{self.atom('dict')}.copy()")()

    # -- statements
    def text(self):
        return self.rng.choice(["a", " ", "\n", "  \n", "\n  ", "x y", "\t", "é", "{", "}", "%", "\n\n", "[", "]", "# ", "\\n", "'", "\n   text\n", "", "", "}}", "%}"])

    def open(self, plain="{%"):
        return plain + self.rng.choice(["", "", "", "-", "+"] if plain != "{{" else ["", "", "", "-"]) + self.rng.choice([" ", " ", "", "\n"])

    def close(self, plain="%}"):
        return self.rng.choice([" ", " ", "", "\n"]) + self.rng.choice(["", "", "", "-"] + (["+"] if plain == "%}" else [])) + plain

    def tag(self, text):
        return self.open() + text + self.close()

    def print(self, text):
        opening, closing = self.open("{{"), self.close("}}")
        return opening + (" " if opening.endswith("{{") and text.startswith("{") else "") + text + (" " if text.endswith("}") else "") + closing

    def body(self, size=2):
        return "".join(self.statement() for _ in range(self.rng.randrange(1, size + 1)))

    def new_name(self):
        return self.rng.choice(["v", "w", "z", "s", "i"])

    def statement(self):
        self.count += 1
        if self.depth > 4 or self.count > 12:
            return self.pick(self.text(), self.print(self.expr()))
        self.depth += 1
        out = self.rng.choice([self.print_statement] * 8 + [self.text] * 5 + [self.set] * 4 + [self.set_block, self.if_chain, self.if_chain, self.loop, self.loop, self.loop, self.macro,
                              self.macro, self.call_block, self.call_block, self.with_block, self.filter_block, self.raw, self.comment, self.generation, self.namespace, self.recursive, self.odd_tag,
                              self.jump, self.call_macro, self.call_macro, self.joiner, self.block])()
        self.depth -= 1
        return out

    def print_statement(self):
        return self.print(self.expr() if self.chance(0.95) else f"{self.expr()}, {self.expr()}")

    def set(self):
        name = self.new_name()
        if self.chance(0.15):
            out = self.tag(f"set {name}, w2 = {self.expr()}, {self.expr()}")
            self.names += [name, "w2"]
            return out
        out = self.tag(f"set {name} = {self.expr()}")
        self.names.append(name)
        return out

    def set_block(self):
        name = self.new_name()
        out = self.tag(f"set {name}" + self.pick("", " | upper", " | trim | replace('a', 'b')", " | indent(2)", " | e")) + self.body() + self.tag("endset")
        self.names.append(name)
        return out + self.print(name)

    def if_chain(self):
        out = self.tag("if " + self.expr("bool")) + self.body()
        if self.chance(0.3):
            out += self.tag("elif " + self.expr("any")) + self.body()
        if self.chance(0.5):
            out += self.tag("else") + self.body()
        return out + self.tag("endif")

    def loop(self):
        name = self.pick("v", "x", "s")
        header, walked = name, self.expr("list")
        if self.chance(0.2):
            header, walked = "k, v", self.pick(self.atom("dict") + ".items()", self.atom("dict") + "|items", self.atom("dict") + "|dictsort", "people|groupby('age')", "[(1, 2), 'ab', [3, 4]]")
        condition = f" if {self.pick(self.expr('bool'), name + ' is string', name + ' is not none', 'loop.first')}" if self.chance(0.2) else ""
        self.in_loop += 1
        self.names += [name]
        inner = self.body(3)
        if self.chance(0.6):
            inner += self.print(self.pick("loop.index", "loop.index0", "loop.first", "loop.last", "loop.length", "loop.revindex", "loop.revindex0", "loop.depth", "loop.previtem", "loop.nextitem",
                                          "loop.cycle('a', 'b', 1)", f"loop.changed({name})", "loop.depth0", "loop.previtem is defined", "loop", "loop.nextitem|default('none')"))
        self.in_loop -= 1
        self.names.pop()
        ending = self.tag("else") + self.body() if self.chance(0.2) else ""
        return self.tag(f"for {header} in {walked}{condition}") + inner + ending + self.tag("endfor")

    def recursive(self):
        walked = self.pick("nested", "[[1, [2]], [3]]", "[1, [2, [3, []]]]")
        return (self.tag(f"for x in {walked} recursive") + self.pick("", "<") + self.print(self.pick("loop.index", "loop.depth", "loop.depth0", "loop.length")) +
                "{% if x is iterable and x is not string %}" + self.print("loop(x)") + "{% else %}" + self.print("x") + self.body(1) + "{% endif %}" + self.tag("endfor"))

    def jump(self):
        if self.in_loop == 0:
            return self.text()
        return self.tag("if " + self.pick("loop.index > 1", "loop.first", self.expr("bool"))) + self.tag(self.pick("break", "continue")) + "{% endif %}"

    def macro(self):
        name = self.pick("f", "g")
        params = self.pick("", "a", "a, b", "a, b=2", "a=s, b=a", "x, y='d', z=none")
        inner_names, self.names = self.names, self.names + re.findall(r"(\w+)(?==|,|$)", params)
        loops, self.in_loop = self.in_loop, 0
        body = self.body() + self.pick("", "", self.print("varargs"), self.print("kwargs"), self.print("caller()"), "{% if caller %}" + self.print("caller('q')") + "{% endif %}",
                                       self.print("varargs|length ~ kwargs|length"))
        self.names, self.in_loop = inner_names, loops
        self.macros.append(name)
        return self.tag(f"macro {name}({params})") + body + self.tag("endmacro")

    def arguments(self):
        return self.fill(self.pick("", "§any", f"§any, §any", f"b=§any", f"§any, b=§any", f"*§list", f"**§dict",
                         "1, 2, 3, 4", f"§any, zz=3", "a=1, b=2"))

    def call_macro(self):
        name = self.rng.choice(self.macros) if self.macros else "f"
        return self.print(f"{name}({self.arguments()})" + self.pick("", "", "|upper", "|trim", "|length", " ~ 1", ".strip()")) if self.macros else self.print_statement()

    def call_block(self):
        if not self.macros:
            return self.macro()
        name = self.rng.choice(self.macros)
        return self.tag(f"call{self.pick('', '', '(q)', '(q, r=1)')} {name}({self.arguments()})") + self.body() + self.pick("", self.print("q")) + self.tag("endcall")

    def with_block(self):
        return self.tag(self.pick(f"with v = {self.expr()}", f"with v = {self.expr()}, w = {self.expr()}", f"with v = 1, w = v", "with")) + self.body() + self.print("v") + self.tag("endwith")

    def filter_block(self):
        return self.tag("filter " + self.pick("upper", "trim", "replace('a', 'b')", "indent(2)|upper", "title", "length", "wordcount", "e", "striptags", "list", "center(20)")) + self.body() + self.tag("endfilter")

    def raw(self):
        return self.tag("raw") + self.pick("{{ x }}", "{% if %}", " a \n", "{# c #}", "{{", "\n x") + self.tag("endraw")

    def comment(self):
        return self.open("{#") + self.pick("c", "{{ x }}", "a\nb", "{% if %}", "-") + self.rng.choice(["", "-", "+", " "]) + "#}"

    def generation(self):
        return self.tag("generation") + self.body() + self.tag("endgeneration")

    def namespace(self):
        return (self.tag(f"set ns = namespace(a={self.expr()})") + self.tag("for x in nums") + self.tag(f"set ns.{self.pick('a', 'b', '_c')} = {self.pick('x', 'loop.index', self.expr())}") +
                self.tag("endfor") + self.print(self.pick("ns.a", "ns.b", "ns['a']", "ns.c", "ns.a ~ ns.b")))

    def joiner(self):
        return self.tag("set j = joiner(" + self.pick("", "'|'") + ")") + "{% for x in nums %}" + self.print("j()") + self.print("x") + "{% endfor %}"

    def block(self):
        name = f"b{self.count}"
        return self.tag(f"block {name}" + self.pick("", "", " scoped")) + self.body() + self.tag("endblock" + self.pick("", " " + name)) + self.pick("", "", self.print(f"self.{name}()"))

    def odd_tag(self):
        return self.pick(lambda: self.tag("autoescape " + self.pick("true", "false")) + self.body() + self.tag("endautoescape"), lambda: self.tag("print " + self.expr()),
                         lambda: self.tag("include 'x'"), lambda: self.tag("import 'x' as y"), lambda: self.tag("from 'x' import y"), lambda: self.tag("extends 'x'"),
                         lambda: self.tag("do nums.append(1)"), lambda: self.tag("endif"), lambda: self.tag("nope"), lambda: self.print("raise_exception(" + self.expr("str") + ")"),
                         lambda: self.tag("debug"), lambda: "{{", lambda: "{%", lambda: "{#", lambda: self.print(""), lambda: self.tag(""), lambda: self.print("1 2"), lambda: self.print("a b"),
                         lambda: self.print("s |nofilter"), lambda: self.print("s is notest"), lambda: self.tag("if no") + self.print("s|nofilter") + self.tag("endif"),
                         lambda: self.tag("set none = 1"), lambda: self.tag("set s.x = 1"), lambda: self.tag("for x in 5") + self.tag("endfor"), lambda: self.print("nums.append(1)"),
                         lambda: self.print("s.__class__"), lambda: self.print("x := 1"), lambda: self.tag("break"), lambda: self.tag("set f() = 1"), lambda: self.print("lambda: 1"),
                         lambda: self.print("[x for x in nums]"), lambda: self.print("f'a'"), lambda: self.print("s!"), lambda: self.print("nums[1:2, 3]"), lambda: self.print("5[1:2]"),
                         lambda: self.print("'abc' is in 'abcd'"), lambda: self.print("not s in m"), lambda: self.print("-2 ** 2"), lambda: self.print("2 ** 3 ** 2"), lambda: self.print("1 if no"),
                         lambda: self.print("s.upper"), lambda: self.print("a.b.c"), lambda: self.print("nums.0"), lambda: self.print("nested.0.1.0"))()

    def template(self):
        return "".join(self.statement() for _ in range(self.rng.randrange(1, 5)))


def make_cases(seed, count):
    out = []
    for i in range(count):
        rng = random.Random(f"{seed}/{i}")
        try:
            out.append({"template": Maker(rng).template(), "context": CONTEXT})
        except RecursionError:
            continue
    return out


# --- published templates with random chats ----------------------------------------------------------------------------

PHRASES = ["Hello", "  padded \n", "", "What's \"this\"?", "<think>\nhm\n</think>\n\nYes", "[INST] x [/INST]", "Grüße 世界 🤗", "a\nb\n\nc", "{\"a\": 1}", "</s>", "<|im_end|>",
           "1 < 2 & 3", "tab\there", "é\u200b", "/no_think", "{{ x }}", "<tool_call>", "\\n", "None"]
NAMES = ["get_weather", "f", "a.b", "python", "brave_search", "code_interpreter", "x-y"]
VALUES = [1, -2.5, 1e20, True, None, "é\"\n", [], [1, "a", None], {}, {"k": {"n": [1.0]}}, 0, "", 12345678901234567890]


class Chatter:
    """A random chat: roles in any order, odd contents, tool calls, tools, documents, and the flags that templates look at."""

    def __init__(self, rng):
        self.rng = rng

    def chance(self, p):
        return self.rng.random() < p

    def phrase(self):
        return self.rng.choice(PHRASES) + (self.rng.choice(PHRASES) if self.chance(0.3) else "")

    def content(self):
        kind = self.rng.random()
        if kind < 0.72:
            return self.phrase()
        if kind < 0.9:
            return [self.part() for _ in range(self.rng.randrange(1, 4))]
        return self.rng.choice([None, "", [], {"a": 1}, 5])

    def part(self):
        return self.rng.choice([{"type": "text", "text": self.phrase()}] * 4 + [{"type": "image"}, {"type": "image_url", "image_url": {"url": "u"}}, {"type": "video"}, {"text": "t"}, {"type": "thinking", "thinking": "t"}, "s"])

    def arguments(self):
        return {self.rng.choice(["x", "city", "é", "n"]): self.rng.choice(VALUES) for _ in range(self.rng.randrange(3))}

    def call(self):
        arguments = self.arguments()
        function = {"name": self.rng.choice(NAMES), "arguments": json.dumps(arguments) if self.chance(0.3) else arguments}
        call = {"type": "function", "function": function, "id": self.rng.choice(["abcdef123", "call_1", ""])}
        return call if self.chance(0.85) else function

    def message(self, role):
        message = {"role": role, "content": self.content()}
        if role == "assistant":
            if self.chance(0.35):
                message["tool_calls"] = [self.call() for _ in range(self.rng.randrange(0, 3))]
            if self.chance(0.2):
                message[self.rng.choice(["reasoning_content", "thinking", "reasoning", "name", "prefix", "tool_plan"])] = self.rng.choice([self.phrase(), True, None])
            if self.chance(0.1):
                del message["content"]
        if role in ("tool", "ipython", "function"):
            message.update({k: v for k, v in (("name", self.rng.choice(NAMES)), ("tool_call_id", "abcdef123")) if self.chance(0.7)})
        return message

    def messages(self):
        out = [self.message("system")] if self.chance(0.45) else []
        if self.chance(0.2):
            return out + [self.message(self.rng.choice(["user", "assistant", "tool", "system", "developer", "ipython", "function", "odd"])) for _ in range(self.rng.randrange(0, 5))]
        for _ in range(self.rng.randrange(1, 4)):
            out.append(self.message("user"))
            if self.chance(0.75):
                out.append(self.message("assistant"))
                while out[-1].get("tool_calls") and self.chance(0.7):
                    out.append(self.message("tool"))
                    if self.chance(0.5):
                        out.append(self.message("assistant"))
        return out

    def tool(self):
        parameters = {"type": "object", "properties": {name: self.rng.choice([
            {"type": "string", "description": self.phrase()}, {"type": ["string", "null"]}, {"type": "integer", "default": 3}, {"type": "string", "enum": ["a", "é"]},
            {"type": "array", "items": {"type": "number"}}, {"type": "object", "properties": {"q": {"type": "boolean"}}, "required": ["q"]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}, {}])
            for name in self.rng.sample(["x", "city", "é", "n"], self.rng.randrange(4))}}
        if self.chance(0.6):
            parameters["required"] = list(parameters["properties"])[:1]
        function = {"name": self.rng.choice(NAMES), "description": self.phrase(), "parameters": parameters}
        if self.chance(0.2):
            function["return"] = {"type": "string", "description": "r"}
        return {"type": "function", "function": function} if self.chance(0.9) else function

    def context(self):
        out = {"messages": self.messages()}
        optional = {"add_generation_prompt": self.chance(0.5), "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>",
                    "tools": self.rng.choice([None, [], [self.tool() for _ in range(self.rng.randrange(1, 3))]]),
                    "documents": self.rng.choice([None, [], [{"title": "T", "text": self.phrase()}, {"doc_id": 5, "title": "é", "text": "x", "contents": "c"}]])}
        rare = {"enable_thinking": self.chance(0.5), "thinking": self.chance(0.5), "add_default_system_prompt": True, "date_string": "26 Jul 2024", "tools_in_user_message": self.chance(0.5),
                "builtin_tools": ["brave_search", "code_interpreter"], "custom_tools": [self.tool()], "reasoning_effort": self.rng.choice(["low", "high", "odd"]), "xml_tools": [self.tool()],
                "preserve_thinking": True, "python_tools": [self.tool()], "citation_mode": "fast", "controls": {"citations": True, "length": "long"}, "add_vision_id": True, "image_placeholder": "<i>",
                "model_identity": "I am", "keep_past_thinking": True, "skip_think": True, "available_tools": [self.tool()], "functions": [self.tool()], "safe_mode": True, "strftime_format": "%d"}
        out.update({k: v for k, v in optional.items() if self.chance(0.7)})
        out.update({k: v for k, v in rare.items() if self.chance(0.12)})
        return out


def make_chats(seed, count, folder):
    templates = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.jinja*"))]
    out = []
    for i in range(count):
        rng = random.Random(f"{seed}/chat/{i}")
        out.append({"template": rng.choice(templates), "context": Chatter(rng).context()})
    return out


# --- findings ---------------------------------------------------------------------------------------------------------

def outcome(weft, case):
    """None, or which side failed: what shrinking keeps."""
    want = by_jinja2(case)
    got = weft.render(case)
    return ("output" in want, "output" in got) if difference(want, got) else None


def shrink(weft, case):
    """Cuts pieces out of the template for as long as the two differ in the same way."""
    template, context = case["template"], case["context"]
    kind = outcome(weft, case)
    pieces = re.findall(r"\{[{%#].*?[}%#]\}|[^{]+|\{", template, re.DOTALL)
    for size in (8, 4, 2, 1):
        at = 0
        while at < len(pieces):
            rest = pieces[:at] + pieces[at + size:]
            if rest and outcome(weft, {"template": "".join(rest), "context": context}) == kind:
                pieces = rest
            else:
                at += size
    template = "".join(pieces)
    for size in (16, 8, 4, 2, 1):
        at = 0
        while at < len(template):
            rest = template[:at] + template[at + size:]
            if rest and outcome(weft, {"template": rest, "context": context}) == kind:
                template = rest
            else:
                at += size
    names = set(re.findall(r"\w+", template))
    small = {key: value for key, value in context.items() if key in names}
    if outcome(weft, {"template": template, "context": small}) == kind:
        context = small
    return {"template": template, "context": context}


def record(cases, path):
    with open(path, "a", encoding="utf-8") as file:
        for case in cases:
            want = by_jinja2(case)
            names = set(re.findall(r"\w+", case["template"]))
            small = {"template": case["template"], "context": {k: v for k, v in case["context"].items() if k in names}}
            answer = by_jinja2(small)
            if UNSTABLE.search(want.get("output", "")) or answer != want:
                continue
            small.update({k: v for k, v in want.items() if k != "raised"})
            file.write(json.dumps(small, ensure_ascii=False) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weft")
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--show", type=int, default=25, help="differences to shrink and print")
    parser.add_argument("--templates", metavar="DIR", help="the .jinja files below DIR with random chats")
    parser.add_argument("--keep", metavar="FILE", help="append what is found, with Jinja2's answer")
    parser.add_argument("--record", metavar="FILE", help="append the random cases with Jinja2's answers, whatever weft does")
    parser.add_argument("--replay", metavar="FILE", help="compare the cases of this file instead of random ones")
    flags = parser.parse_args()
    if flags.replay:
        cases = [json.loads(line) for line in open(flags.replay, encoding="utf-8") if line.strip()]
    elif flags.templates:
        cases = make_chats(flags.seed, flags.cases, pathlib.Path(flags.templates))
    else:
        cases = make_cases(flags.seed, flags.cases)
    if flags.record:
        return record(cases, flags.record)
    weft = Weft(flags.weft)
    found, rendered = [], 0
    for case in cases:
        want = by_jinja2(case)
        rendered += "output" in want
        if difference(want, weft.render(case)):
            found.append(case)
    seen = set()
    for case in found:
        if len(seen) >= flags.show:
            break
        small = shrink(weft, case)
        if small["template"] in seen:
            continue
        seen.add(small["template"])
        want, got = by_jinja2(small), weft.render(small)
        print(f"{small['template']!r}\n    jinja2: {want}\n    weft:   {got}")
        if flags.keep:
            with open(flags.keep, "a", encoding="utf-8") as file:
                small["output" if "output" in want else "error"] = want.get("output", want.get("error"))
                file.write(json.dumps(small, ensure_ascii=False) + "\n")
    print(f"{len(found)} of {len(cases)} cases differ; Jinja2 rendered {rendered} of them without an error")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
