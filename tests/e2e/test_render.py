"""weft render: a chat to its prompt, by the model's template or by one that stands alone."""
import json
import subprocess

import pytest

CHAT = [{"role": "user", "content": "Hi"}]
TEMPLATE = "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[a]{% endif %}"


def render(binary, *arguments, stdin=""):
    return subprocess.run([binary, "render", *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=60)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "chat_template.jinja").write_text(TEMPLATE)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"bos_token": "<s>", "chat_template": "old"}))
    (tmp_path / "chat.json").write_text(json.dumps(CHAT))
    return tmp_path


def test_messages_are_rendered_as_a_request_is(weft_binary, demo_model, folder):
    assert render(weft_binary, folder, "--messages", folder / "chat.json").stdout == "<s>[user]Hi[a]"
    assert render(weft_binary, folder / "chat_template.jinja", "--messages", "-", stdin=json.dumps(CHAT)).stdout == "[user]Hi[a]"
    assert render(weft_binary, demo_model, "--messages", folder / "chat.json").stdout.endswith(
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")


def test_an_object_has_every_variable(weft_binary, folder):
    chat = {"messages": CHAT, "bos_token": "<x>"}
    assert render(weft_binary, folder, "--messages", "-", stdin=json.dumps(chat)).stdout == "<x>[user]Hi"
    chat["continue_final_message"] = True
    assert render(weft_binary, folder, "--messages", "-", stdin=json.dumps(chat)).stdout == "<x>[user]Hi"


def test_the_clock_can_be_set(weft_binary, folder):
    (folder / "clock.jinja").write_text("{{ strftime_now('%d %b %Y') }}")
    run = render(weft_binary, folder / "clock.jinja", "--messages", folder / "chat.json", "--now", "2025-07-10T12:00:00")
    assert run.stdout == "10 Jul 2025"


def test_lines(weft_binary, folder):
    lines = [{"template": "{{ x }}!", "context": {"x": "é\n"}}, {"template": "\n{% if %}", "context": {}}, {"context": CHAT}]
    stdin = "".join(json.dumps(line) + "\n" for line in lines)
    answers = [json.loads(line) for line in render(weft_binary, folder, "--jsonl", stdin=stdin).stdout.splitlines()]
    assert answers[0] == {"output": "é\n!"}
    assert "line 2, column 7" in answers[1]["error"]
    assert answers[2] == {"output": "<s>[user]Hi[a]"}
    assert "names none" in render(weft_binary, "--jsonl", stdin=json.dumps({"context": CHAT})).stdout


@pytest.mark.parametrize("arguments, code, part", [
    ([], 2, "MODEL is required"),
    (["x.jinja"], 2, "--messages"),
    (["x.jinja", "--messages", "y"], 1, "x.jinja"),
    (["{folder}", "--messages", "{folder}/none.json"], 1, "none.json"),
    (["{folder}", "--messages", "{folder}/chat_template.jinja"], 1, "chat_template.jinja"),
    (["{folder}", "--messages", "{folder}/chat.json", "--now", "noon"], 2, "--now"),
    (["{folder}/bad.jinja", "--messages", "{folder}/chat.json"], 1, "line 2, column 4"),
    (["{folder}/raises.jinja", "--messages", "{folder}/chat.json"], 1, "line 1, column 19: no such role"),
])
def test_what_is_wrong_is_said(weft_binary, folder, arguments, code, part):
    (folder / "bad.jinja").write_text("a\n{% endif %}")
    (folder / "raises.jinja").write_text("{{ raise_exception('no such role') }}")
    run = render(weft_binary, *[a.replace("{folder}", str(folder)) for a in arguments])
    assert (run.returncode, run.stdout) == (code, "")
    assert part in run.stderr and run.stderr.startswith("weft: ")
