"""openai-python, unmodified, against the demo model: what a client of OpenAI's does must work here."""
import concurrent.futures
import json
import re
import time

import httpx
import openai
import pytest

MODEL = "smollm2"
QUESTION = [{"role": "user", "content": "Name three fruits."}]


@pytest.fixture(scope="module")
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="unused", max_retries=0, timeout=240) as made:
        yield made


def chat(client, **options):
    options = {"model": MODEL, "messages": QUESTION, "max_tokens": 24, "seed": 1, **options}
    return client.chat.completions.create(**options)


def complete(client, **options):
    options = {"model": MODEL, "prompt": "The capital of France is", "max_tokens": 12, "seed": 1, **options}
    return client.completions.create(**options)


def gauge(server, name):
    found = re.search(rf"^{re.escape(name)}\{{[^}}]*\}} (\S+)$", httpx.get(f"{server.url}/metrics").text, re.MULTILINE)
    assert found, f"{name} is not among the metrics"
    return float(found.group(1))


def wait_until_idle(server):
    """Nothing may run or wait once all clients have gone."""
    deadline = time.monotonic() + 30
    names = ("vllm:num_requests_running", "vllm:num_requests_waiting")
    while any(gauge(server, name) for name in names):
        assert time.monotonic() < deadline, "requests are still running without a client"
        time.sleep(0.05)


def test_models_are_listed(client):
    models = client.models.list().data
    assert [model.id for model in models] == [MODEL]
    assert client.models.retrieve(MODEL).id == MODEL
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")


@pytest.mark.parametrize("options", [{"temperature": 0}, {"temperature": 1}, {"n": 2}, {"stop": [" and", "\n"]}],
                         ids=str)
def test_stream_equals_whole_chat(client, options):
    whole = chat(client, **options)
    texts, reasons, usage = {}, {}, None
    for chunk in chat(client, stream=True, stream_options={"include_usage": True}, **options):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
            reasons[choice.index] = choice.finish_reason or reasons.get(choice.index)
    assert texts == {choice.index: choice.message.content for choice in whole.choices}
    assert reasons == {choice.index: choice.finish_reason for choice in whole.choices}
    assert usage.completion_tokens == whole.usage.completion_tokens
    assert usage.prompt_tokens == whole.usage.prompt_tokens


def test_stream_equals_whole_completion(client):
    options = {"logprobs": 2, "echo": True, "extra_body": {"return_token_ids": True}}
    whole = complete(client, **options).choices[0]
    chunks = [chunk.choices[0] for chunk in complete(client, stream=True, **options)]
    assert "".join(chunk.text for chunk in chunks) == whole.text
    assert sum((chunk.token_ids for chunk in chunks), []) == whole.token_ids
    for field in ("tokens", "token_logprobs", "text_offset"):
        streamed = sum((getattr(chunk.logprobs, field) for chunk in chunks if chunk.logprobs), [])
        assert streamed == getattr(whole.logprobs, field)
    assert whole.text.startswith("The capital of France is")
    assert whole.logprobs.token_logprobs[0] is None


def test_usage_counts_the_tokens(client):
    answer = chat(client, n=2, extra_body={"return_token_ids": True})
    assert answer.usage.completion_tokens == sum(len(choice.token_ids) for choice in answer.choices)
    assert answer.usage.prompt_tokens == len(answer.prompt_token_ids)
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_the_same_prompt_comes_from_the_cache(client):
    prompt = "A sentence that nobody asked about before, long enough for several pages of the cache. " * 3
    complete(client, prompt=prompt, temperature=0)
    again = complete(client, prompt=prompt, temperature=0)
    assert again.usage.prompt_tokens_details.cached_tokens >= 16


def test_n_gives_different_choices(client):
    choices = chat(client, n=4, temperature=1.5).choices
    assert [choice.index for choice in choices] == [0, 1, 2, 3]
    assert len({choice.message.content for choice in choices}) > 1


def test_seed_repeats_an_answer(client):
    texts = [chat(client, seed=seed, temperature=1.2).choices[0].message.content for seed in (7, 7, 8, 9)]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 1


def test_logprobs_are_of_the_tokens(client):
    choice = chat(client, temperature=0, logprobs=True, top_logprobs=3, extra_body={"return_token_ids": True}).choices[0]
    entries = choice.logprobs.content
    assert len(entries) == len(choice.token_ids)
    for entry in entries:
        assert len(entry.top_logprobs) == 3
        assert entry.logprob == max(top.logprob for top in entry.top_logprobs)  # greedy
        assert all(top.logprob <= 0 for top in entry.top_logprobs)
    text = b"".join(bytes(entry.bytes) for entry in entries)
    assert text.decode(errors="replace").startswith(choice.message.content)


def test_stop_strings_are_never_sent(client):
    plain = complete(client, temperature=0, max_tokens=32).choices[0].text
    stop = plain[len(plain) // 2:][:3]
    assert len(stop) == 3
    choice = complete(client, temperature=0, max_tokens=32, stop=stop).choices[0]
    assert choice.text == plain[:plain.index(stop)]
    assert (choice.finish_reason, choice.stop_reason) == ("stop", stop)
    streamed = "".join(chunk.choices[0].text
                       for chunk in complete(client, temperature=0, max_tokens=32, stop=stop, stream=True))
    assert streamed == choice.text


def test_many_prompts_in_one_request(client):
    prompts = ["One, two,", "Red, green,", "Mon, Tue,"]
    answer = complete(client, prompt=prompts, n=2, temperature=0)
    assert [choice.index for choice in answer.choices] == list(range(6))
    for i, prompt in enumerate(prompts):
        alone = complete(client, prompt=prompt, temperature=0).choices[0].text
        assert answer.choices[2 * i].text == answer.choices[2 * i + 1].text == alone


def test_token_prompts(client):
    first = complete(client, temperature=0, extra_body={"return_token_ids": True}).choices[0]
    again = complete(client, prompt=first.prompt_token_ids, temperature=0).choices[0]
    assert again.text == first.text


def test_default_lengths(client):
    assert complete(client, max_tokens=None, extra_body={"ignore_eos": True}).usage.completion_tokens == 16


def test_cancel_in_mid_stream(client, server):
    stream = chat(client, stream=True, max_tokens=2000, extra_body={"ignore_eos": True})
    for _, _ in zip(range(5), stream):
        pass
    stream.close()
    wait_until_idle(server)
    assert chat(client).choices[0].message.content


@pytest.mark.slow
def test_32_concurrent_streams(client, server):
    def ask(number):
        options = {"temperature": 0, "messages": [{"role": "user", "content": f"Count from {number} to {number + 5}."}]}
        text, reason = "", None
        for chunk in chat(client, stream=True, **options):
            text += chunk.choices[0].delta.content or ""
            reason = chunk.choices[0].finish_reason or reason
        return text, reason

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        together = list(pool.map(ask, range(32)))
    assert all(reason in ("stop", "length") for _, reason in together)
    assert [ask(number) for number in range(0, 32, 8)] == together[::8]  # the same bits alone and in a batch
    wait_until_idle(server)


@pytest.mark.parametrize("body, param", [
    ({"messages": QUESTION, "temprature": 1}, "temprature"),
    ({"messages": QUESTION, "temperature": -1}, "temperature"),
    ({"messages": QUESTION, "top_p": 0}, "top_p"),
    ({"messages": QUESTION, "n": 0}, "n"),
    ({"messages": QUESTION, "n": 2**31}, "n"),
    ({"messages": QUESTION, "max_tokens": 0}, "max_tokens"),
    ({"messages": QUESTION, "max_completion_tokens": 10**9}, "max_completion_tokens"),
    ({"messages": QUESTION, "logprobs": True, "top_logprobs": 99}, "top_logprobs"),
    ({"messages": QUESTION, "logit_bias": {"999999999": 1}}, "logit_bias"),
    ({"messages": QUESTION, "stop_token_ids": [-1]}, "stop_token_ids"),
    ({"messages": QUESTION, "tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
    ({"messages": [{"role": "user", "content": "word " * 100_000}]}, "messages"),
    ({"messages": []}, "messages"),
    ({}, "messages"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_wrong_requests_are_named(server, body, param):
    answer = httpx.post(f"{server.url}/v1/chat/completions", json={"model": MODEL, **body}, timeout=60)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param
    assert answer.json()["error"]["message"].endswith(".")


def test_malformed_bodies(server, client):
    url = f"{server.url}/v1/chat/completions"
    headers = {"Content-Type": "application/json"}
    for body in (b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"messages":' + b"[" * 100_000, b'{"a":1}{"b":2}'):
        answer = httpx.post(url, content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_json"), body[:20]
    assert httpx.post(url, content=b"a" * (11 << 20), headers=headers).status_code == 413
    assert httpx.post(url, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    assert httpx.get(url).status_code == 405
    assert chat(client).choices[0].message.content


def test_errors_raise_the_clients_own_exceptions(client):
    with pytest.raises(openai.NotFoundError):
        chat(client, model="gpt-4")
    with pytest.raises(openai.BadRequestError) as caught:
        chat(client, temperature=9)
    assert caught.value.param == "temperature"


def test_raw_stream_ends_with_done(server):
    body = {"model": MODEL, "messages": QUESTION, "max_tokens": 4, "stream": True}
    with httpx.stream("POST", f"{server.url}/v1/chat/completions", json=body, timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [line[len("data: "):] for line in answer.iter_lines() if line]
    assert events.pop() == "[DONE]"
    assert len({json.loads(event)["id"] for event in events}) == 1


def test_metrics_count_what_was_served(client, server):
    before = gauge(server, "vllm:generation_tokens_total")
    answer = chat(client)
    assert gauge(server, "vllm:generation_tokens_total") - before >= answer.usage.completion_tokens
