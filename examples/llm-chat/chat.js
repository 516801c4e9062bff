// A chat with a model on the laptop, by OpenAI's API, which Ollama, llama.cpp, vLLM and LM Studio have.

/** @typedef {{ role: "user" | "assistant", content: string }} Message */

const tunnel = /** @type {any} */ (document.querySelector("lighthouse-tunnel"));
const form = byId("form");
const list = byId("messages");
const status = byId("status");
const model = /** @type {HTMLSelectElement} */ (byId("model"));
const message = /** @type {HTMLTextAreaElement} */ (byId("message"));
const send = /** @type {HTMLButtonElement} */ (byId("send"));
const stop = /** @type {HTMLButtonElement} */ (byId("stop"));

/** The chat so far: the model's server remembers nothing. @type {Message[]} */
const messages = [];
/** Stops the answer that is on its way. @type {AbortController | undefined} */
let answering;

tunnel.addEventListener("statechange", showState);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void ask(message.value.trim());
});
stop.addEventListener("click", () => answering?.abort());
// Return sends, as in other chats; Shift+Return begins a line.
message.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!send.disabled) form.requestSubmit(send);
});
showState();

function showState() {
  if (tunnel.state === "connected" && model.options.length === 0) void listModels();
  showButtons();
}

function showButtons() {
  send.disabled = tunnel.state !== "connected" || answering !== undefined || model.value === "";
  stop.disabled = answering === undefined;
}

async function listModels() {
  try {
    const response = await tunnel.fetch("/v1/models");
    if (!response.ok) throw new Error(`The model's server answers ${response.status}`);
    const { data } = await response.json();
    model.replaceChildren(...(data ?? []).map(({ id }) => new Option(id)));
    status.textContent = model.options.length > 0
      ? ""
      : "The server has no model: ollama pull llama3.2";
  } catch (error) {
    status.textContent = `${error.message}. Is the model's server running?`;
  }
  showButtons();
}

/** @param {string} content */
async function ask(content) {
  if (content === "") return;
  message.value = "";
  show({ role: "user", content });
  messages.push({ role: "user", content });
  const answer = { role: /** @type {const} */ ("assistant"), content: "" };
  const item = show(answer);
  answering = new AbortController();
  showButtons();
  status.textContent = "The model is writing …";
  try {
    for await (const part of answerTo(messages, answering.signal)) {
      answer.content += part;
      // Who has scrolled up to read stays there.
      const isAtEnd = scrollY + innerHeight > document.body.scrollHeight - 80;
      item.textContent = answer.content;
      if (isAtEnd) scrollTo({ top: document.body.scrollHeight });
    }
    status.textContent = "The answer is complete.";
  } catch (error) {
    status.textContent = answering.signal.aborted ? "Stopped." : error.message;
  }
  // A part of an answer belongs to the chat, too.
  if (answer.content !== "") messages.push(answer);
  answering = undefined;
  showButtons();
  message.focus();
}

/**
 * Asks the model. To abort it ends the request on the laptop, so the model stops writing.
 *
 * @param {Message[]} messages
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<string>} The parts of the answer as they come.
 */
async function* answerTo(messages, signal) {
  const response = await tunnel.fetch("/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: model.value, messages, stream: true }),
    signal,
  });
  if (!response.ok) throw new Error(`The model's server answers ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = "";;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line.startsWith("data: {")) continue;
      yield JSON.parse(line.slice("data: ".length)).choices[0]?.delta.content ?? "";
    }
  }
}

/** @param {Message} message */
function show({ role, content }) {
  const item = document.createElement("li");
  item.className = role;
  item.textContent = content;
  list.append(item);
  return item;
}

/** @param {string} id @returns {any} */
function byId(id) {
  return document.getElementById(id);
}
