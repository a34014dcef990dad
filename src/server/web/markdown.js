// Markdown of a model as DOM nodes. A model's words are untrusted, so no HTML is ever made of them: marked splits the text
// into tokens, and each token becomes an element of the short list below with its words as text. The page's security policy
// (trusted-types 'none') has the browser refuse any string that would become HTML. Images are shown as links, so that
// reading an answer fetches nothing.

const { marked } = window;

const kSafeLink = /^(?:https?:\/\/|mailto:|#)/i;
const kEntities = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

// marked escapes the words of some tokens for HTML; here they become text again.
function unescapeHtml(text) {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,5}));/gi, (whole, decimal, hex, name) => {
    const code = decimal ? Number(decimal) : parseInt(hex, 16);
    if (name) return kEntities[name] ?? whole;
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function element(tag, ...children) {
  const node = document.createElement(tag);
  node.append(...children);
  return node;
}

function link({ href, text, tokens }) {
  const words = tokens?.length ? nodes(tokens) : [unescapeHtml(text || href)];
  const address = unescapeHtml(href);
  if (!kSafeLink.test(address)) return element("span", ...words);
  const node = element("a", ...words);
  node.href = address;
  node.target = "_blank";
  node.rel = "noopener noreferrer nofollow";
  return node;
}

function list({ ordered, start, items }) {
  const node = element(ordered ? "ol" : "ul", ...items.map((item) => {
    const entry = element("li", ...nodes(item.tokens));
    if (item.task) entry.prepend(item.checked ? "☑ " : "☐ ");
    return entry;
  }));
  if (ordered && start !== 1) node.start = start;
  return node;
}

function table({ header, align, rows }) {
  const row = (tag, cells) => element("tr", ...cells.map((cell, column) => {
    const node = element(tag, ...nodes(cell.tokens));
    node.className = align[column] ? `align-${align[column]}` : "";
    return node;
  }));
  const node = element("table", element("thead", row("th", header)), element("tbody", ...rows.map((cells) => row("td", cells))));
  const frame = element("div", node);
  frame.className = "table-frame";
  return frame;
}

function code({ lang, text }) {
  const copy = element("button", "Copy");
  copy.type = "button";
  copy.className = "copy-code";
  const head = element("div", element("span", (lang || "text").split(/\s/)[0]), copy);
  head.className = "code-head";
  const frame = element("div", head, element("pre", element("code", text)));
  frame.className = "code-frame";
  return frame;
}

const kMakers = {
  space: () => "",
  def: () => "",
  hr: () => element("hr"),
  br: () => element("br"),
  paragraph: ({ tokens }) => element("p", ...nodes(tokens)),
  heading: ({ depth, tokens }) => element(`h${depth}`, ...nodes(tokens)),
  blockquote: ({ tokens }) => element("blockquote", ...nodes(tokens)),
  strong: ({ tokens }) => element("strong", ...nodes(tokens)),
  em: ({ tokens }) => element("em", ...nodes(tokens)),
  del: ({ tokens }) => element("del", ...nodes(tokens)),
  codespan: ({ text }) => element("code", unescapeHtml(text)),
  link,
  image: ({ href, text }) => link({ href, text }),
  list,
  table,
  code,
};

// Anything else, raw HTML among it, is shown as it was written.
function nodes(tokens) {
  return tokens.map((token) => {
    if (Object.hasOwn(kMakers, token.type)) return kMakers[token.type](token);
    if (token.type === "html") return token.raw;
    return token.tokens?.length ? element("span", ...nodes(token.tokens)) : unescapeHtml(token.text ?? token.raw);
  });
}

function parse(text) {
  try {
    // The last newline lets marked see a code block that is still open while the answer grows.
    return nodes(marked.lexer(`${text}\n`, { gfm: true, breaks: true, mangle: false, smartLists: true }));
  } catch {
    return [element("p", text)];  // nested beyond what marked can follow
  }
}

// Makes `target` show `text`. Blocks that did not change stay as they are, so a selection survives while an answer grows.
export function showMarkdown(target, text) {
  const fragment = document.createDocumentFragment();
  fragment.append(...parse(text).filter((node) => node !== ""));
  let same = 0;
  while (same < fragment.childNodes.length && target.childNodes[same]?.isEqualNode(fragment.childNodes[same])) ++same;
  while (target.childNodes.length > same) target.lastChild.remove();
  target.append(...[...fragment.childNodes].slice(same));
}
