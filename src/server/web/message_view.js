// One message of the conversation on the page.
import { showMarkdown } from "/assets/markdown.js";

function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function button(className, text, action) {
  const node = element("button", className, text);
  node.type = "button";
  node.dataset.action = action;
  return node;
}

function milliseconds(value) {
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

// "42 tokens · 38.2 tokens/s · first token after 84 ms"
export function describeSpeed(speed) {
  if (!speed || !speed.tokens) return "";
  const parts = [`${speed.exact ? "" : "about "}${speed.tokens} ${speed.tokens === 1 ? "token" : "tokens"}`];
  if (speed.tokens > 1 && speed.decodeMs > 0) {
    parts.push(`${((speed.tokens - 1) * 1000 / speed.decodeMs).toFixed(1)} tokens/s`);
  }
  parts.push(`first token after ${milliseconds(speed.firstMs)}`);
  return parts.join(" · ");
}

const kEndings = {
  length: "Cut at the token limit.",
  stopped: "Stopped.",
};

export class MessageView {
  constructor(message) {
    this.message = message;
    this.root = element("article", `message ${message.role}`);
    this.body = element("div", "body");
    this.root.append(this.body);
    if (message.role === "assistant") {
      this.error = element("p", "failure");
      this.foot = element("footer", "foot");
      this.speed = element("span", "speed");
      this.ending = element("span", "ending");
      this.copy = button("plain", "Copy", "copy");
      this.foot.append(this.copy, button("plain", "Try again", "regenerate"), this.ending, this.speed);
      this.root.append(this.error, this.foot);
    }
    this.renderMs = 0;
    this.timer = 0;
    this.draw();
  }

  // Draws soon, and less often the longer drawing takes: a long answer must not slow its own stream down.
  drawSoon() {
    if (!this.timer) this.timer = setTimeout(() => this.draw(), Math.max(30, this.renderMs * 4));
  }

  draw() {
    clearTimeout(this.timer);
    this.timer = 0;
    const { role, content, busy, error, ending, speed } = this.message;
    const start = performance.now();
    if (role === "user") {
      this.body.textContent = content;
      return;
    }
    showMarkdown(this.body, content);
    this.renderMs = performance.now() - start;
    this.root.classList.toggle("busy", Boolean(busy));
    this.root.classList.toggle("waiting", Boolean(busy) && !content);
    this.error.textContent = error || "";
    this.error.hidden = !error;
    this.copy.hidden = !content;
    this.foot.hidden = Boolean(busy) && !content;
    this.speed.textContent = describeSpeed(speed);
    this.ending.textContent = kEndings[ending] || "";
    this.onDraw?.();
  }
}
