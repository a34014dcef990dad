// The chat page: state, and what each key and button does. Drawing is in message_view.js, the server in chat_stream.js.
import { ServerError, listModels, serverState, streamChat } from "/assets/chat_stream.js";
import { MessageView } from "/assets/message_view.js";
import { Settings, load, save } from "/assets/settings.js";

const at = (id) => document.getElementById(id);
const kReadyPollMs = 1000;
const kAlivePollMs = 15000;

// Messages: {role, content} and, for answers, {busy, error, ending, speed}.
let conversation = load("sessionStorage", "conversation", []);
let views = [];
let model = "";
let running = null;  // the AbortController of the answer that is coming in
let follow = true;   // keep the end in sight until the reader scrolls away

const settings = new Settings(at("settings-form"), connect);

// --- what the page shows -------------------------------------------------------------------------------------------

function notify(text) {
  at("notice").textContent = text;
  at("notice").hidden = !text;
}

function keepEndInSight() {
  const scroller = at("scroller");
  if (follow) scroller.scrollTop = scroller.scrollHeight;
}

function show(message) {
  const view = new MessageView(message);
  view.onDraw = keepEndInSight;
  views.push(view);
  at("messages").append(view.root);
  return view;
}

function showAll() {
  views = [];
  at("messages").replaceChildren();
  conversation.forEach(show);
  showState();
  keepEndInSight();
}

function showState() {
  document.body.classList.toggle("busy", Boolean(running));
  document.body.classList.toggle("empty", conversation.length === 0);
  at("welcome").hidden = conversation.length > 0;
  at("send").disabled = !running && at("input").value.trim() === "";
  at("send").setAttribute("aria-label", running ? "Stop" : "Send");
  views.forEach((view, index) => view.root.classList.toggle("last", index === views.length - 1));
}

function growInput() {
  const input = at("input");
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight}px`;
  showState();
}

// --- one answer ----------------------------------------------------------------------------------------------------

// A question that got no answer is left out with its answer: many chat templates insist on turns.
function requestBody() {
  const answered = (message, index) => message.content && (index + 1 === conversation.length || conversation[index + 1].content);
  const messages = conversation.filter(answered).map(({ role, content }) => ({ role, content }));
  if (settings.system) messages.unshift({ role: "system", content: settings.system });
  return { model, messages, ...settings.sampling };
}

class Stopwatch {
  constructor() {
    this.start = performance.now();
    this.first = 0;
    this.last = 0;
    this.pieces = 0;
  }

  piece() {
    this.last = performance.now();
    if (!this.pieces++) this.first = this.last;
  }

  // Exact once the server has told how many tokens it made; a piece of text is about a token.
  speed(usage) {
    return {
      tokens: usage?.completion_tokens ?? this.pieces,
      exact: Boolean(usage),
      firstMs: this.first - this.start,
      decodeMs: this.last - this.first,
    };
  }
}

function fail(message, error) {
  if (error.name === "AbortError") {
    message.ending = "stopped";
    return;
  }
  message.error = error instanceof ServerError ? error.message : `The page failed: ${error.message}`;
  if (error.status === 401) askForKey();
  if (error.status === 0) setTimeout(connect, kReadyPollMs);
}

async function answer() {
  const body = requestBody();
  const message = { role: "assistant", content: "", busy: true };
  conversation.push(message);
  const view = show(message);
  running = new AbortController();
  follow = true;
  showState();
  keepEndInSight();
  const watch = new Stopwatch();
  try {
    for await (const event of streamChat(body, settings.apiKey, running.signal)) {
      if (event.text) {
        watch.piece();
        message.content += event.text;
        message.speed = watch.speed();
        view.drawSoon();
      }
      if (event.finish) message.ending = event.finish;
      if (event.usage) message.speed = watch.speed(event.usage);
    }
  } catch (error) {
    fail(message, error);
  }
  message.busy = false;
  running = null;
  view.draw();
  showState();
  save("sessionStorage", "conversation", conversation);
}

function send(text) {
  if (running || !text.trim()) return;
  if (settings.fault) {
    toggleSettings(true);
    notify(settings.fault);
    return;
  }
  if (!model) {
    notify(`Not sent: the server is not ready (${at("model-name").textContent}). Your message stays here.`);
    return;
  }
  notify("");
  const message = { role: "user", content: text.trim() };
  conversation.push(message);
  show(message);
  at("input").value = "";
  growInput();
  answer();
}

function regenerate() {
  if (running) return;
  conversation.pop();
  views.pop().root.remove();
  answer();
}

function newChat() {
  running?.abort();
  conversation = [];
  save("sessionStorage", "conversation", conversation);
  notify("");
  showAll();
  at("input").focus();
}

// --- the server ----------------------------------------------------------------------------------------------------

function showModels(names) {
  const saved = load("localStorage", "model", "");
  model = names.includes(saved) ? saved : names[0] ?? "";
  at("model").replaceChildren(...names.map((name) => new Option(name, name, false, name === model)));
  at("model").hidden = names.length < 2;
  at("model-name").hidden = names.length > 1;
  at("model-name").textContent = model || "no model";
  document.title = model ? `${model} · Weft` : "Weft";
}

const kStateNames = {
  loading: "loading the model",
  draining: "shutting down",
  unreachable: "no server",
};

let pollTimer = 0;

// Asks how the server is until it is ready, then which models it has; then looks in on it now and then.
async function connect() {
  clearTimeout(pollTimer);
  const state = await serverState();
  if (state !== "ok") {
    model = "";
    at("model").hidden = true;
    at("model-name").hidden = false;
    at("model-name").textContent = kStateNames[state] ?? state;
  } else if (!model) {
    try {
      showModels(await listModels(settings.apiKey));
      if (model) notify("");
    } catch (error) {
      at("status-dot").dataset.state = "refused";
      at("model-name").textContent = "not connected";
      notify(error.message);
      if (error.status === 401) askForKey();
      return;
    }
  }
  at("status-dot").dataset.state = state;
  pollTimer = setTimeout(connect, state === "ok" ? kAlivePollMs : kReadyPollMs);
}

function askForKey() {
  at("key-section").hidden = false;
  toggleSettings(true);
  settings.form.elements.api_key.focus();
}

// --- keys and buttons ----------------------------------------------------------------------------------------------

function toggleSettings(open) {
  at("settings").hidden = !open;
  at("open-settings").setAttribute("aria-expanded", String(open));
}

function showTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

function switchTheme() {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  const theme = dark ? "light" : "dark";
  save("localStorage", "theme", theme);
  showTheme(theme);
}

async function copy(text, source) {
  const label = source.textContent;
  try {
    await navigator.clipboard.writeText(text);
    source.textContent = "Copied";
  } catch {
    source.textContent = "The browser forbids copying here";
  }
  setTimeout(() => { source.textContent = label; }, 1500);
}

function onMessageClick(event) {
  const source = event.target.closest("button");
  if (!source) return;
  const view = views.find((each) => each.root.contains(source));
  if (source.className === "copy-code") copy(source.closest(".code-frame").querySelector("pre").textContent, source);
  if (source.dataset.action === "copy") copy(view.message.content, source);
  if (source.dataset.action === "regenerate" && view === views.at(-1)) regenerate();
}

function onKey(event) {
  if (event.key !== "Escape") return;
  if (running) running.abort();
  else if (!at("settings").hidden) toggleSettings(false);
}

function onScroll() {
  const scroller = at("scroller");
  const distance = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  at("to-end").hidden = distance < 160;
  if (distance < 24) follow = true;
}

function listen() {
  at("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    if (running) running.abort();
    else send(at("input").value);
  });
  at("input").addEventListener("input", growInput);
  at("input").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send(at("input").value);
  });
  for (const idea of document.querySelectorAll(".idea")) idea.addEventListener("click", () => send(idea.textContent));
  at("messages").addEventListener("click", onMessageClick);
  at("new-chat").addEventListener("click", newChat);
  at("theme").addEventListener("click", switchTheme);
  at("open-settings").addEventListener("click", () => toggleSettings(at("settings").hidden));
  at("close-settings").addEventListener("click", () => toggleSettings(false));
  at("reset-settings").addEventListener("click", () => settings.reset());
  at("model").addEventListener("change", () => {
    model = at("model").value;
    save("localStorage", "model", model);
  });
  at("scroller").addEventListener("scroll", onScroll, { passive: true });
  for (const kind of ["wheel", "touchmove"]) {
    at("scroller").addEventListener(kind, () => { follow = false; onScroll(); }, { passive: true });
  }
  at("to-end").addEventListener("click", () => { follow = true; keepEndInSight(); });
  document.addEventListener("keydown", onKey);
  window.addEventListener("resize", keepEndInSight);
}

showTheme(load("localStorage", "theme", ""));
listen();
showAll();
growInput();
connect();
