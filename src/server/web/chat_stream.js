// The server's side of a conversation: one chat completion as a stream of events, and failures as sentences.

export class ServerError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

const kUnreachable = "The server does not answer. Is weft still running?";

function headers(apiKey) {
  const all = { "Content-Type": "application/json" };
  if (apiKey) all.Authorization = `Bearer ${apiKey}`;
  return all;
}

// What the error body of a response says, or what its status means when the body says nothing.
async function errorOf(response) {
  let message = "";
  try {
    message = (await response.json()).error.message;
  } catch {
    // not one of the server's own bodies
  }
  if (!message && response.status === 401) message = "The server asks for an API key.";
  if (!message) message = `The server answered with status ${response.status}.`;
  const wait = Number(response.headers.get("Retry-After"));
  if (wait > 0) message += ` Try again in ${wait} s.`;
  return new ServerError(message, response.status);
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError(kUnreachable, 0);
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

// "ok", "loading", "draining", or "unreachable".
export async function serverState() {
  try {
    const response = await fetch("/ready");
    if (response.ok) return "ok";
    return (await response.json()).status || "loading";
  } catch {
    return "unreachable";
  }
}

export async function listModels(apiKey) {
  const response = await request("/v1/models", { headers: headers(apiKey) });
  return (await response.json()).data.map((model) => model.id);
}

// The `data:` payloads of a server-sent event stream, however the network cut it into pieces.
async function* eventData(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    pending += value;
    const lines = pending.split(/\r?\n/);
    pending = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data:")) yield line.slice(5).trimStart();
    }
  }
}

// Yields {text}, {finish} and {usage}; throws ServerError, or AbortError when `signal` stopped it.
export async function* streamChat(body, apiKey, signal) {
  const response = await request("/v1/chat/completions", {
    method: "POST",
    headers: headers(apiKey),
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
    signal,
  });
  try {
    for await (const data of eventData(response.body)) {
      if (data === "[DONE]") return;
      const event = JSON.parse(data);
      if (event.error) throw new ServerError(event.error.message, 200);
      const choice = event.choices?.[0];
      if (choice?.delta?.content) yield { text: choice.delta.content };
      if (choice?.finish_reason) yield { finish: choice.finish_reason };
      if (event.usage) yield { usage: event.usage };
    }
  } catch (error) {
    if (error.name === "AbortError" || error instanceof ServerError) throw error;
    throw new ServerError("The connection broke before the answer was complete.", 0);
  }
  throw new ServerError("The connection closed before the answer was complete.", 0);
}
