"""weft tokenize: text to ids and back, line by line, by the tokenizer alone."""
import json
import subprocess

SMALL = {
    "added_tokens": [{"id": 5, "content": "<e>", "special": True, "normalized": False}],
    "post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "<e>"}}],
                       "special_tokens": {"<e>": {"id": "<e>", "ids": [5], "tokens": ["<e>"]}}},
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ċ": 4}, "merges": ["a b"]},
}


def tokenize(binary, tmp_path, text, *options):
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(SMALL))
    return subprocess.run([binary, "tokenize", str(path), *options], input=text, capture_output=True, text=True,
                          timeout=60)


def test_whole_text(weft_binary, tmp_path):
    run = tokenize(weft_binary, tmp_path, "ab a<e>\n")
    assert (run.returncode, run.stdout) == (0, "3 2 0 5 4 5\n"), run.stderr
    assert tokenize(weft_binary, tmp_path, "ab", "--no-special").stdout == "3\n"
    assert tokenize(weft_binary, tmp_path, "", "--no-special").stdout == "\n"
    assert tokenize(weft_binary, tmp_path, "3, 2 [0]\n5", "--decode").stdout == "ab a<e>"
    assert tokenize(weft_binary, tmp_path, "3 5", "--decode", "--no-special").stdout == "ab"


def test_lines(weft_binary, tmp_path):
    run = tokenize(weft_binary, tmp_path, '"ab"\n\n"a<e>"\r\n""', "--jsonl")
    assert (run.returncode, run.stdout) == (0, "[3,5]\n[0,5,5]\n[5]\n"), run.stderr
    run = tokenize(weft_binary, tmp_path, "[3, 2, 0, 4]\n[]\n", "--jsonl", "--decode")
    assert [json.loads(line) for line in run.stdout.splitlines()] == ["ab a\n", ""]
    assert tokenize(weft_binary, tmp_path, '"<e>"', "--jsonl", "--no-special").stdout == "[5]\n"
    assert tokenize(weft_binary, tmp_path, '"<e>"', "--jsonl", "--no-special", "--special-as-text").stdout == "[]\n"


def test_a_line_is_answered_before_the_next_comes(weft_binary, tmp_path):
    (tmp_path / "tokenizer.json").write_text(json.dumps(SMALL))
    with subprocess.Popen([weft_binary, "tokenize", str(tmp_path), "--jsonl", "--no-special"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        for text, ids in (("a", "[0]\n"), ("b", "[1]\n")):
            process.stdin.write(json.dumps(text) + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == ids
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_bad_line_is_named(weft_binary, tmp_path):
    for text, options, part in (('"a"\nb\n', [], "line 2"), ('"a"\n7\n', [], "a JSON string is expected"),
                                ("[0]\n[9]\n", ["--decode"], "there is no token 9; the ids go from 0 to 5"),
                                ("[0]\n[0.5]\n", ["--decode"], "line 2"), ('[0]\n"a"\n', ["--decode"], "line 2")):
        run = tokenize(weft_binary, tmp_path, text, "--jsonl", *options)
        assert run.returncode == 1 and part in run.stderr and "line 2" in run.stderr, run.stderr
        assert len(run.stdout.splitlines()) == 1  # what came before is there
    run = tokenize(weft_binary, tmp_path, "1 x", "--decode")
    assert run.returncode == 1 and '"x" is not a token id' in run.stderr


def test_files_that_are_no_tokenizers(weft_binary, tmp_path):
    path = tmp_path / "tokenizer.json"
    for content, part in (("", "not JSON"), ("{}", "model")):
        path.write_text(content)
        run = subprocess.run([weft_binary, "tokenize", str(path)], input="", capture_output=True, text=True, timeout=60)
        assert run.returncode == 1 and part in run.stderr, run.stderr
    run = subprocess.run([weft_binary, "tokenize", str(tmp_path / "none")], input="", capture_output=True, text=True,
                         timeout=60)
    assert run.returncode == 1 and "There is no model" in run.stderr


def test_the_demo_model(weft_binary, demo_model):
    run = subprocess.run([weft_binary, "tokenize", str(demo_model)], input="Hello world", capture_output=True, text=True,
                         timeout=60)
    assert (run.returncode, run.stdout) == (0, "19556 905\n"), run.stderr
