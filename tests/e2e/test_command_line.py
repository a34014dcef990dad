"""What somebody sees who types something wrong: one sentence on stderr, and the documented exit code."""
import subprocess

import pytest

USAGE, FAILURE = 2, 1


def weft(binary, *arguments):
    return subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def expect_sentence(run, code, part):
    assert run.returncode == code, run.stderr
    assert part in run.stderr
    assert run.stdout == ""
    said = [line for line in run.stderr.splitlines() if not line.startswith("20")]  # without the log's lines
    assert len(said) == 1 and said[0].startswith("weft: "), run.stderr


@pytest.mark.parametrize("arguments, part", [
    ([], "A command is missing"),
    (["sevre"], "There is no command 'sevre'"),
    (["bench", "modle"], "There is no command 'modle'"),
    (["serve"], "MODEL is required"),
    (["serve", "--prot", "1"], "There is no argument '--prot'"),
    (["serve", "smollm2", "--port", "65536"], "--port"),
    (["serve", "smollm2", "--isa", "neon"], "neon"),
    (["serve", "smollm2", "--kv-cache-memory-bytes", "-5"], "negative"),
    (["generate", "smollm2", "-p", "x", "--system", "y"], "--chat"),
    (["generate", "smollm2", "-p", "x", "--seed", "99999999999999999999"], "--seed"),
    (["eval", "smollm2"], "--teacher"),
    (["tokenize"], "MODEL is required"),
])
def test_wrong_flags(weft_binary, arguments, part):
    expect_sentence(weft(weft_binary, *arguments), USAGE, part)


@pytest.mark.parametrize("content, part", [(b"", "empty"), (b"GGUF\x03\0", "truncated"), (b"a text", "not a GGUF file")])
def test_files_that_are_no_models(weft_binary, tmp_path, content, part):
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    expect_sentence(weft(weft_binary, "generate", path, "-p", "x"), FAILURE, part)
    expect_sentence(weft(weft_binary, "serve", path, "--port", "0"), FAILURE, part)


def test_directories_without_a_model(weft_binary, tmp_path):
    expect_sentence(weft(weft_binary, "generate", tmp_path, "-p", "x"), FAILURE, "no model")
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    expect_sentence(weft(weft_binary, "generate", tmp_path, "-p", "x"), FAILURE, "pickles")


@pytest.mark.parametrize("command", ["", "serve", "generate", "eval", "bench", "bench model", "tokenize"])
def test_help(weft_binary, command):
    run = weft(weft_binary, *command.split(), "--help")
    assert run.returncode == 0 and "Exit codes" in run.stdout and run.stderr == ""
