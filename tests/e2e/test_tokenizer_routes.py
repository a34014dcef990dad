"""/tokenize and /detokenize agree with `weft tokenize` and `weft render`; templates are checked when a model is loaded."""
import json
import pathlib
import shutil
import subprocess

import httpx
import pytest

from conftest import SOURCE, Server

TEXTS = ["Hello, world", " two  spaces\n", "Grüße 世界 🤗👩‍👩‍👧", "<|im_start|>user\nhi<|im_end|>", ""]
CHAT = [{"role": "system", "content": "S"}, {"role": "user", "content": "Hi 🤗"}]


def weft_lines(binary, command, *arguments, lines):
    stdin = "".join(json.dumps(line) + "\n" for line in lines)
    run = subprocess.run([binary, command, *map(str, arguments), "--jsonl"], input=stdin, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def post(server, path, **body):
    answer = httpx.post(server.url + path, json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_both_bodies_agree_with_the_command(weft_binary, demo_model, server):
    expected = weft_lines(weft_binary, "tokenize", demo_model, lines=TEXTS)
    for text, ids in zip(TEXTS, expected):
        answer = post(server, "/tokenize", prompt=text, return_token_strs=True)
        assert answer["tokens"] == ids and answer["count"] == len(ids) == len(answer["token_strs"])
        places = post(server, "/tokenize", inputs=text)
        assert [place["id"] for place in places] == ids
        assert all(place["text"] == text[place["start"]:place["stop"]] for place in places)
        assert post(server, "/detokenize", tokens=ids)["prompt"] == weft_lines(
            weft_binary, "tokenize", demo_model, "--decode", lines=[ids])[0]


def test_chats_are_tokenised_as_they_are_rendered(weft_binary, demo_model, server):
    prompt = weft_lines(weft_binary, "render", demo_model, lines=[{"context": CHAT}])[0]["output"]
    ids = weft_lines(weft_binary, "tokenize", demo_model, "--no-special", lines=[prompt])[0]
    assert post(server, "/tokenize", messages=CHAT)["tokens"] == ids
    usage = post(server, "/v1/chat/completions", messages=CHAT, max_tokens=1)["usage"]
    assert usage["prompt_tokens"] == len(ids)
    usage = post(server, "/v1/chat/completions", messages=CHAT, max_tokens=1, truncate_prompt_tokens=3)["usage"]
    assert usage["prompt_tokens"] == 3


@pytest.fixture
def tiny_model(tmp_path):
    """The smallest model of the repository with templates of its own: NAME -> text; `default` in chat_template.jinja."""
    def make(**templates):
        shutil.copytree(SOURCE / "testdata" / "stories260K_safetensors", tmp_path / "tiny", dirs_exist_ok=True)
        for name, text in templates.items():
            file = "chat_template.jinja" if name == "default" else f"additional_chat_templates/{name}.jinja"
            path = pathlib.Path(tmp_path / "tiny" / file)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return tmp_path / "tiny"
    return make


def test_a_template_with_a_fault_is_told_at_start(weft_binary, tiny_model):
    run = subprocess.run([weft_binary, "serve", str(tiny_model(default="a\n{% if %}")), "--port", "0"], capture_output=True,
                         text=True, timeout=120)
    assert run.returncode == 1 and "line 2, column 7" in run.stderr


def test_what_templates_can_see(weft_binary, tiny_model):
    model = tiny_model(default="D{{ documents[0].t if documents }}|{% generation %}{{ mood }}{% endgeneration %}|{% for m in messages %}"
                               "{% if loop.index > 2 %}{% break %}{% endif %}{{ m.content if m.content is string else m.content[0].text }}{% endfor %}",
                       tool_use="U{{ tools[0].function.name }}")
    server = Server(weft_binary, model, "--trust-request-chat-template")
    try:
        server.wait_ready()

        def prompt(**body):
            return post(server, "/detokenize", tokens=post(server, "/tokenize", messages=CHAT[1:], **body)["tokens"])["prompt"].strip()

        assert prompt() == "D||Hi 🤗"
        assert prompt(documents=[{"t": "doc"}], chat_template_kwargs={"mood": "fine"}) == "Ddoc|fine|Hi 🤗"
        assert prompt(tools=[{"type": "function", "function": {"name": "f"}}]) == "Uf"
        assert prompt(chat_template="{{ messages|length }}!") == "1!"
        parts = [{"role": "user", "content": [{"type": "text", "text": "part"}]}]
        ids = post(server, "/tokenize", messages=parts)["tokens"]
        assert post(server, "/detokenize", tokens=ids)["prompt"].strip() == "D||part"
        answer = httpx.post(server.url + "/v1/chat/completions", json={"messages": CHAT, "chat_template": "{{ nope( }}"})
        assert answer.status_code == 400 and answer.json()["error"]["param"] == "chat_template"
    finally:
        server.stop()


def test_templates_of_clients_are_refused(server):
    answer = httpx.post(server.url + "/v1/chat/completions", json={"messages": CHAT, "chat_template": "x"})
    assert answer.status_code == 400 and "--trust-request-chat-template" in answer.json()["error"]["message"]
