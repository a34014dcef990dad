"""The chat page in a real Chromium: against weft itself, and against a scripted server for what weft seldom says."""
import httpx
import pytest

from browser import Browser, find_chromium
from conftest import missing
from scripted_server import ScriptedServer

READY = "document.getElementById('status-dot').dataset.state === 'ok'"
IDLE = "!document.body.classList.contains('busy')"
ANSWER = ".message.assistant:last-child"


@pytest.fixture(scope="module")
def chromium():
    if not find_chromium():
        missing("chromium is not installed")
    with Browser() as running:
        yield running


@pytest.fixture
def browser(chromium):
    chromium.fresh_page()
    yield chromium
    assert chromium.faults == []


@pytest.fixture
def scripted():
    server = ScriptedServer()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(browser, scripted):
    browser.open(scripted.url)
    browser.wait_for(READY)
    return browser


def ask(browser, text):
    browser.evaluate("document.getElementById('input').focus()")
    browser.type(text)
    browser.press("Enter")
    browser.wait_for(f"document.querySelector('{ANSWER}') && ({IDLE})")


def answer(browser):
    return browser.text(f"{ANSWER} .body")


def set_fields(browser, **values):
    """Sampling settings, as typed into the panel. Greedy answers are the same in every run and on every machine."""
    for name, value in values.items():
        browser.evaluate(f"""(() => {{ const field = document.querySelector('[name={name}]'); field.value = '{value}';
                             field.dispatchEvent(new Event('input', {{bubbles: true}})); }})()""")


def test_chat_with_weft(server, browser):
    browser.open(server.url)
    browser.wait_for(READY)
    assert browser.text("#model-name") == "smollm2"
    set_fields(browser, temperature=0, max_tokens=24)
    ask(browser, "What is the capital of France?")
    assert "Paris" in answer(browser)
    speed = browser.text(f"{ANSWER} .speed")
    assert "tokens/s" in speed and "first token after" in speed and "about" not in speed
    ask(browser, "And of Italy?")
    assert browser.evaluate("document.querySelectorAll('.message').length") == 4
    assert browser.evaluate("document.querySelectorAll('.failure:not([hidden])').length") == 0


def test_stop_reaches_weft(server, browser):
    browser.open(server.url)
    browser.wait_for(READY)
    set_fields(browser, temperature=0, max_tokens="")
    browser.evaluate("document.getElementById('input').focus()")
    browser.type("Write a very long story about a river.")
    browser.press("Enter")
    browser.wait_for(f"(document.querySelector('{ANSWER} .body')?.innerText.length ?? 0) > 40")
    browser.press("Escape")
    browser.wait_for(IDLE)
    assert browser.text(f"{ANSWER} .ending") == "Stopped."
    set_fields(browser, max_tokens=24)
    ask(browser, "Say hello.")
    assert answer(browser)


def test_weft_sends_the_page_with_its_headers(server):
    reply = httpx.get(server.url, headers={"Accept-Encoding": "gzip"})
    assert reply.status_code == 200
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    again = httpx.get(server.url, headers={"If-None-Match": reply.headers["etag"]})
    assert again.status_code == 304 and not again.content


def test_request_and_speed(page, scripted):
    ask(page, "Hi")
    assert answer(page) == "Hello there."
    assert page.text(f"{ANSWER} .speed").startswith("3 tokens · ")
    request = scripted.script.requests[0]
    assert request["model"] == "smollm2"
    assert request["messages"] == [{"role": "user", "content": "Hi"}]
    assert request["stream"] is True and request["stream_options"] == {"include_usage": True}
    assert not {"temperature", "top_p", "top_k", "min_p", "max_tokens", "seed"} & set(request)


def test_settings_and_regenerate(page, scripted):
    page.click("#open-settings")
    values = {"temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.05, "max_tokens": 64, "seed": 7, "system": "Be kind."}
    for name, value in values.items():
        page.evaluate(f"document.querySelector('[name={name}]').focus()")
        page.type(str(value))
    ask(page, "Hi")
    page.click(f"{ANSWER} [data-action=regenerate]")
    page.wait_for(IDLE)
    first, second = scripted.script.requests
    assert first == second
    assert first["messages"][0] == {"role": "system", "content": "Be kind."}
    assert {name: first[name] for name in values if name != "system"} == {n: v for n, v in values.items() if n != "system"}
    assert page.evaluate("document.querySelectorAll('.message').length") == 2


def test_shift_enter_starts_a_line(page, scripted):
    page.evaluate("document.getElementById('input').focus()")
    page.type("one")
    page.press("Enter", shift=True)
    page.type("two")
    page.press("Enter")
    page.wait_for(f"document.querySelector('{ANSWER}') && ({IDLE})")
    assert scripted.script.requests[0]["messages"][0]["content"] == "one\ntwo"


def test_escape_stops_and_hangs_up(page, scripted):
    scripted.script.pieces = ["word "] * 1000
    scripted.script.pause_s = 0.01
    page.type("Go on")
    page.press("Enter")
    page.wait_for(f"document.querySelector('{ANSWER} .body')?.innerText.length > 10")
    page.press("Escape")
    page.wait_for(IDLE)
    assert page.text(f"{ANSWER} .ending") == "Stopped."
    assert scripted.script.disconnected.wait(10)


HOSTILE = [
    "<script>window.harmed = 1</script>",
    "<img src=x onerror='window.harmed = 1'>",
    "[click](javascript:window.harmed=1) [data](data:text/html,x)",
    "![picture](https://example.com/leak?secret)",
    "<svg onload=window.harmed=1><iframe srcdoc='<script>parent.harmed=1</script>'></iframe>",
    "<https://example.com/\"onmouseover=window.harmed=1>",
    "&lt;script&gt; &#60;b&#62; `<i>` **<b>x</b>**",
    "[a]: javascript:alert(1)\n\n[a]",
]


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_markdown_stays_text(page, scripted, payload):
    scripted.script.pieces = [payload]
    ask(page, "Hi")
    found = page.evaluate(f"""(() => {{
      const inside = [...document.querySelectorAll('{ANSWER} .body *')];
      return {{tags: inside.map((node) => node.localName),
               links: inside.filter((node) => node.href).map((node) => node.href),
               handlers: inside.some((node) => [...node.attributes].some((each) => each.name.startsWith('on')))}};
    }})()""")
    assert not {"script", "img", "svg", "iframe", "style", "input", "form"} & set(found["tags"])
    assert all(link.startswith("https://example.com/") for link in found["links"])
    assert not found["handlers"]
    assert page.evaluate("window.harmed") is None


def test_deep_nesting_is_survived(page, scripted):
    scripted.script.pieces = [">" * 20000 + " deep", "\n\n" + "[" * 3000]
    ask(page, "Hi")
    assert "deep" in page.evaluate(f"document.querySelector('{ANSWER} .body').textContent")


def test_markdown_becomes_elements(page, scripted):
    scripted.script.pieces = ["# Title\n\n- one\n- **two**\n\n3. three\n\n|a|b|\n|-|-:|\n|1|2|\n\n> said\n\n```py\nx < 1\n```\n",
                              "a & b `c<d` https://example.com/ok"]
    ask(page, "Hi")
    inside = page.evaluate(f"[...document.querySelectorAll('{ANSWER} .body *')].map((node) => node.localName)")
    assert {"h1", "ul", "ol", "li", "strong", "table", "th", "td", "blockquote", "pre", "code", "a"} <= set(inside)
    assert page.text(f"{ANSWER} pre") == "x < 1"
    assert "a & b c<d" in answer(page)
    assert page.evaluate(f"document.querySelector('{ANSWER} ol').start") == 3


def test_refusals_are_sentences(page, scripted):
    scripted.script.refusal = (400, {"message": "The prompt has 9000 tokens; this model reads at most 8192.", "type": "x"})
    ask(page, "Hi")
    assert page.text(f"{ANSWER} .failure") == "The prompt has 9000 tokens; this model reads at most 8192."
    scripted.script.refusal = None
    page.click(f"{ANSWER} [data-action=regenerate]")
    page.wait_for(IDLE)
    assert answer(page) == "Hello there."


def test_unanswered_question_is_not_sent_again(page, scripted):
    scripted.script.refusal = (503, {"message": "Full."})
    ask(page, "First")
    scripted.script.refusal = None
    ask(page, "Second")
    assert scripted.script.requests[-1]["messages"] == [{"role": "user", "content": "Second"}]


def test_error_in_mid_stream(page, scripted):
    scripted.script.error_after = "The model produced numbers that are not finite."
    ask(page, "Hi")
    assert answer(page) == "Hello there."
    assert page.text(f"{ANSWER} .failure") == "The model produced numbers that are not finite."


def test_connection_lost_in_mid_stream(page, scripted):
    scripted.script.drop_after = True
    ask(page, "Hi")
    assert "before the answer was complete" in page.text(f"{ANSWER} .failure")


def test_token_limit_is_told(page, scripted):
    scripted.script.finish = "length"
    ask(page, "Hi")
    assert page.text(f"{ANSWER} .ending") == "Cut at the token limit."


def test_api_key(browser, scripted):
    scripted.script.api_key = "secret"
    browser.open(scripted.url)
    browser.wait_for("!document.getElementById('key-section').hidden")
    assert browser.text("#notice") == "This server needs an API key."
    browser.type("secret")
    browser.press("Enter")
    browser.wait_for("document.getElementById('model-name').textContent === 'smollm2'")
    ask(browser, "Hi")
    assert answer(browser) == "Hello there."


def test_loading_then_ready(browser, scripted):
    scripted.script.state = "loading"
    browser.open(scripted.url)
    browser.wait_for("document.getElementById('model-name').textContent === 'loading the model'")
    browser.type("Hi")
    browser.press("Enter")
    browser.wait_for("!document.getElementById('notice').hidden")
    assert scripted.script.requests == []
    scripted.script.state = "ok"
    browser.wait_for(READY)
    browser.wait_for("document.getElementById('model-name').textContent === 'smollm2'")
    browser.press("Enter")
    browser.wait_for(f"document.querySelector('{ANSWER}') && ({IDLE})")
    assert answer(browser) == "Hello there."


def test_several_models(browser, scripted):
    scripted.script.models = ["one", "two"]
    browser.open(scripted.url)
    browser.wait_for("!document.getElementById('model').hidden")
    browser.evaluate("""(() => { const list = document.getElementById('model'); list.value = 'two';
                         list.dispatchEvent(new Event('change')); })()""")
    ask(browser, "Hi")
    assert scripted.script.requests[0]["model"] == "two"


def test_conversation_survives_reload(page, scripted):
    ask(page, "Hi")
    page.reload()
    page.wait_for(f"document.querySelector('{ANSWER}')")
    assert answer(page) == "Hello there."
    page.click("#new-chat")
    assert page.evaluate("document.querySelectorAll('.message').length") == 0


@pytest.mark.parametrize("width", [320, 390, 768, 1400])
def test_nothing_wider_than_the_screen(page, scripted, width):
    scripted.script.pieces = ["x" * 400 + "\n\n```\n" + "y" * 400 + "\n```\n\n|" + "column|" * 30 + "\n|" + "-|" * 30 + "\n"]
    ask(page, "z" * 300)
    page.resize(width, 700)
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.getElementById('scroller').scrollWidth <= document.getElementById('scroller').clientWidth")
        page.click("#open-settings")
