"""openai-python's tools and parse(), unmodified: forced calls of a tiny model, structured answers of the demo model."""
import concurrent.futures
import enum
import json
import os
import pathlib
import shutil
import typing

import openai
import pydantic
import pytest

from conftest import SOURCE, Server, missing
from tool_call_samples import faults_of, load_samples

MODEL = "smollm2"
# The tiny models have no template. This one names the tools, so that requests with tools differ.
TEMPLATE = ("{% for tool in tools or [] %}{{ tool.function.name }}\n{% endfor %}"
            "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:")


class Kind(enum.Enum):
    fruit = "fruit"
    animal = "animal"


class Answer(pydantic.BaseModel):
    kind: Kind
    legs: typing.Literal[0, 2, 4]
    edible: bool


class Weather(pydantic.BaseModel):
    """The weather of a day."""
    day: typing.Literal["today", "tomorrow"]
    celsius: bool


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "model"
    shutil.copytree(SOURCE / "testdata" / "tiny_qwen2", folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


@pytest.fixture(scope="module")
def tiny_server(weft_binary, tiny_model):
    """With so few pages that eight requests at a time are preempted."""
    running = Server(weft_binary, tiny_model, "--served-model-name", "tiny", "--kv-cache-memory-bytes", str(1200 * 1536),
                     "--tool-call-parser", "hermes")
    try:
        yield running.wait_ready()
    finally:
        running.stop()


@pytest.fixture(scope="module")
def tiny(tiny_server):
    with openai.OpenAI(base_url=f"{tiny_server.url}/v1", api_key="unused", max_retries=0, timeout=240) as made:
        yield made


@pytest.fixture(scope="module")
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="unused", max_retries=0, timeout=240) as made:
        yield made


def samples(count):
    shared = pathlib.Path(os.environ.get("WEFT_SHARED") or SOURCE.parent / "shared")
    folder = shared / "data" / "tool_calling"
    if not folder.is_dir():
        missing(f"{folder} is missing")
    return load_samples(folder, count, closed=True)


def short_answers(model):
    """A logit bias: without it this model, which says anything, goes on with texts and white space to the length limit."""
    vocabulary = json.loads((model / "tokenizer.json").read_text())["model"]["vocab"]
    white_space = {str(vocabulary[name]): -100 for name in "\u0120\u010a\u0109\u010d" if name in vocabulary}
    return {**white_space, str(vocabulary["\""]): 8}


def whole_calls(answer):
    return [(call.function.name, call.function.arguments) for call in answer.message.tool_calls or []]


def streamed_calls(chunks):
    calls, ids, finish, content = [], set(), None, ""
    for chunk in chunks:
        for choice in chunk.choices:
            finish = choice.finish_reason or finish
            content += choice.delta.content or ""
            for call in choice.delta.tool_calls or []:
                if call.index == len(calls):
                    assert call.id and call.type == "function"
                    ids.add(call.id)
                    calls.append([call.function.name, ""])
                calls[call.index][1] += call.function.arguments or ""
    assert len(ids) == len(calls)
    return [tuple(call) for call in calls], finish, content


def test_forced_calls_fit_their_schemas(tiny, tiny_model):
    """The leaderboard's tools, a model that says anything, preemption and prefix hits: no call is invalid."""
    bias = short_answers(tiny_model)

    def ask(item):
        index, sample = item
        named = sample["tools"][0]["function"]["name"] if index % 2 else None
        choice = {"type": "function", "function": {"name": named}} if named else "required"
        options = dict(model="tiny", messages=[{"role": "user", "content": sample["id"]}], tools=sample["tools"],
                       tool_choice=choice, temperature=1, seed=index, max_tokens=300, logit_bias=bias,
                       frequency_penalty=1)
        whole = tiny.chat.completions.create(**options).choices[0]
        calls, finish, content = streamed_calls(tiny.chat.completions.create(stream=True, **options))
        assert (calls, finish, content or None) == (whole_calls(whole), whole.finish_reason, whole.message.content)
        return sample, named, whole

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, enumerate(samples(10))))
    num_complete = 0
    for sample, named, answer in answers:
        if answer.finish_reason == "length":
            continue
        assert answer.finish_reason == ("stop" if named else "tool_calls")
        assert faults_of(whole_calls(answer), sample["tools"], named) == []
        num_complete += 1
    assert num_complete >= 5


def test_a_call_that_is_cut_off_says_so(tiny):
    tool = {"type": "function", "function": {"name": "f", "parameters": {
        "type": "object", "properties": {"a": {"type": "string", "minLength": 100}}, "required": ["a"]}}}
    answer = tiny.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "x"}], tools=[tool],
                                          tool_choice="required", max_tokens=70, seed=1).choices[0]
    assert answer.finish_reason == "length"
    assert answer.message.tool_calls[0].function.arguments.startswith("{")
    with pytest.raises(ValueError):
        json.loads(answer.message.tool_calls[0].function.arguments)


def test_several_choices_have_calls_of_their_own(tiny):
    tool = {"type": "function", "function": {"name": "f", "parameters": {
        "type": "object", "properties": {"a": {"enum": [1, 2, 3, 4, 5, 6, 7, 8]}}, "required": ["a"],
        "additionalProperties": False}}}
    answer = tiny.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "x"}], tools=[tool], n=4,
                                          tool_choice={"type": "function", "function": {"name": "f"}}, seed=1, temperature=2)
    ids = {call.id for choice in answer.choices for call in choice.message.tool_calls}
    assert len(ids) == 4
    for choice in answer.choices:
        assert json.loads(choice.message.tool_calls[0].function.arguments)["a"] in range(1, 9)


def test_calls_go_back_into_the_prompt(tiny):
    messages = [{"role": "user", "content": "x"},
                {"role": "assistant", "content": None, "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]},
                {"role": "tool", "tool_call_id": "call_1", "content": "5"}]
    assert tiny.chat.completions.create(model="tiny", messages=messages, max_tokens=1).choices
    messages[1]["tool_calls"][0]["function"]["arguments"] = "{"
    with pytest.raises(openai.BadRequestError) as error:
        tiny.chat.completions.create(model="tiny", messages=messages, max_tokens=1)
    assert error.value.body["param"] == "messages[1].tool_calls[0].function.arguments"


def test_parse_gives_the_model_class(client):
    answer = client.chat.completions.parse(model=MODEL, messages=[{"role": "user", "content": "What is a dog?"}],
                                           response_format=Answer, max_tokens=200, seed=1).choices[0]
    assert answer.finish_reason == "stop"
    assert isinstance(answer.message.parsed, Answer)


def test_parse_gives_the_tool_arguments(client):
    answer = client.chat.completions.parse(model=MODEL, messages=[{"role": "user", "content": "Will it rain?"}],
                                           tools=[openai.pydantic_function_tool(Weather)], tool_choice="required",
                                           parallel_tool_calls=False, max_tokens=200, seed=1).choices[0]
    assert answer.finish_reason == "tool_calls"
    assert isinstance(answer.message.tool_calls[0].function.parsed_arguments, Weather)


def test_stream_helper_gives_the_same(client):
    options = dict(model=MODEL, messages=[{"role": "user", "content": "What is a dog?"}], response_format=Answer,
                   max_tokens=200, seed=1)
    with client.chat.completions.stream(**options) as stream:
        for _ in stream:
            pass
        streamed = stream.get_final_completion().choices[0].message
    assert streamed.parsed == client.chat.completions.parse(**options).choices[0].message.parsed
    with client.chat.completions.stream(model=MODEL, messages=[{"role": "user", "content": "Will it rain?"}], seed=1,
                                        tools=[openai.pydantic_function_tool(Weather)], tool_choice="required",
                                        parallel_tool_calls=False, max_tokens=200) as stream:
        done = [event for event in stream if event.type == "tool_calls.function.arguments.done"]
    assert all(isinstance(event.parsed_arguments, Weather) for event in done) and done


@pytest.mark.parametrize("structure, allowed", [({"choice": ["yes", "no"]}, ["yes", "no"]),
                                                ({"regex": "[0-3]{2}"}, [f"{a}{b}" for a in range(4) for b in range(4)])],
                         ids=str)
def test_vllm_structures(client, structure, allowed):
    for seed in range(3):
        answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hello"}], seed=seed,
                                                max_tokens=20, extra_body={"structured_outputs": structure}).choices[0]
        assert answer.message.content in allowed and answer.finish_reason == "stop"


def test_stops_do_not_cut_a_structure(client):
    answer = client.chat.completions.parse(model=MODEL, messages=[{"role": "user", "content": "What is a dog?"}], seed=1,
                                           response_format=Answer, max_tokens=200, stop=[":", "}"],
                                           extra_body={"ignore_eos": True, "min_tokens": 150}).choices[0]
    assert answer.finish_reason == "stop"
    assert isinstance(answer.message.parsed, Answer)


def test_what_can_not_be_enforced_is_refused_or_told(client):
    schema = {"type": "object", "properties": {"a": {"$ref": "https://example.com/schema.json"}}, "required": ["a"],
              "maxProperties": 1}
    options = dict(model=MODEL, messages=[{"role": "user", "content": "Hello"}], max_tokens=50, seed=1)
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    with pytest.raises(openai.BadRequestError) as error:
        client.chat.completions.create(response_format=form, **options)
    assert "$ref" in error.value.body["message"] and "/properties/a" in error.value.body["message"]
    form["json_schema"]["strict"] = False
    answer = client.chat.completions.create(response_format=form, **options)
    assert [told["keyword"] for told in answer.structured_output["unenforced"]] == ["$ref"]


def test_tools_that_the_model_would_not_see_are_refused(client):
    tool = openai.pydantic_function_tool(Weather)
    with pytest.raises(openai.BadRequestError) as error:
        client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "x"}], tools=[tool])
    assert error.value.body["param"] == "tools"
