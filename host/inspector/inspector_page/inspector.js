// The inspector's page: lists requests as they come, shows one, and has the host repeat it.

const TOKEN = "lighthouse inspector token";

/** Rows that are shown; the host remembers no more. */
const MAX_ROWS = 200;

/** Milliseconds until a list that has broken off is asked for again. */
const AGAIN_MS = 2000;

const $ = (id) => document.getElementById(id);
const filter = $("filter");
const bodies = $("bodies");

const shown = new Map();
/** The one whose details are shown. */
let current;

takeToken();
filter.addEventListener("input", () => {
  for (const { row, summary } of shown.values()) row.hidden = !matches(summary);
});
bodies.addEventListener("change", () => act(bodies.checked ? "PUT" : "DELETE", "bodies"));
$("close").addEventListener("click", close);
$("replay").addEventListener("click", replay);
$("curl").addEventListener("click", copy);
$("rows").addEventListener("keydown", walk);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
  if (event.key !== "/" || event.target === filter) return;
  event.preventDefault();
  filter.focus();
});
void keepFollowing();

/** Out of the address, where it would end up in a bookmark; a reload finds it again. */
function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  sessionStorage.setItem(TOKEN, given);
  history.replaceState(null, "", location.pathname);
}

/** Asks the host. */
async function ask(method, path) {
  const authorization = `Bearer ${sessionStorage.getItem(TOKEN) ?? ""}`;
  const response = await fetch(`/api/${path}`, { method, headers: { authorization } });
  if (response.ok) return response;
  const { error } = await response.json();
  throw Object.assign(new Error(error.message), { status: response.status });
}

/** Asks the host for something whose failure is told. */
async function act(method, path) {
  try {
    return await (await ask(method, path)).json();
  } catch (error) {
    $("status").textContent = messageOf(error);
    return undefined;
  }
}

async function keepFollowing() {
  for (;;) {
    try {
      const response = await ask("GET", "exchanges");
      for (const { row } of shown.values()) row.remove();
      shown.clear();
      $("empty").hidden = false;
      $("status").textContent = "Following";
      for await (const line of linesOf(response)) show(JSON.parse(line));
      throw new Error("The host has ended");
    } catch (error) {
      $("status").textContent = messageOf(error);
      // Another token is needed, and comes with another address.
      if (error.status === 401) return;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function* linesOf(response) {
  const reader = response.body
    .pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    yield* lines;
  }
}

/** Text with escapes for what a browser shows as nothing, or turns the text around: see platform/terminal.ts. */
function visible(text) {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (sign) =>
      [...Array(sign.length).keys()].map((at) =>
        `\\u${sign.charCodeAt(at).toString(16).padStart(4, "0")}`
      ).join(""),
  );
}

/** Shows what a line says. */
function show(summary) {
  if (summary.id === undefined) {
    bodies.checked = summary.keepsBodies;
    bodies.disabled = false;
    return;
  }
  const known = shown.get(summary.id);
  const row = known?.row ?? document.createElement("tr");
  shown.set(summary.id, { row, summary });
  fill(row, summary);
  if (!known) {
    $("rows").prepend(row);
    $("empty").hidden = true;
    const [oldest] = shown;
    if (shown.size > MAX_ROWS && oldest) {
      oldest[1].row.remove();
      shown.delete(oldest[0]);
    }
  }
  if (summary.id === current) void refresh(summary.id);
}

function fill(row, summary) {
  const { id, time, method, target, endAfter, failure, status, sent, received, device } = summary;
  row.hidden = !matches(summary);
  row.classList.toggle("failed", failure !== undefined || status >= 400 || isCutOff(summary));
  row.setAttribute("aria-current", String(id === current));
  let button = row.querySelector("button");
  if (!button) {
    for (let i = 0; i < 7; i++) row.insertCell();
    button = document.createElement("button");
    button.type = "button";
    button.addEventListener("click", () => open(id));
    row.cells[1]?.append(button);
    row.cells[1]?.classList.add("request");
    for (const at of [3, 4, 5]) row.cells[at]?.classList.add("number");
    for (const at of [0, 3, 4, 5, 6]) row.cells[at]?.classList.add("more");
  }
  const remark = summary.socket ? " (WebSocket)" : summary.replayOf ? " (replay)" : "";
  button.textContent = visible(`${method} ${target}${remark}`);
  button.title = button.textContent;
  const texts = [
    new Date(time).toLocaleTimeString(),
    undefined,
    statusOf(summary),
    endAfter === undefined ? "…" : durationOf(endAfter),
    sizeOf(sent),
    sizeOf(received),
    device ?? "not paired",
  ];
  for (const [at, text] of texts.entries()) {
    const cell = row.cells[at];
    if (cell && text !== undefined) cell.textContent = visible(text);
  }
}

function matches(summary) {
  const text = filter.value.trim().toLowerCase();
  const { method, target, device } = summary;
  return `${method} ${target} ${statusOf(summary)} ${device ?? ""}`.toLowerCase().includes(text);
}

/** Moves from request to request by the arrow keys. */
function walk(event) {
  const buttons = [...document.querySelectorAll("#rows tr:not([hidden]) button")];
  const at = buttons.indexOf(event.target);
  const to = {
    ArrowDown: Math.min(at + 1, buttons.length - 1),
    ArrowUp: Math.max(at - 1, 0),
    Home: 0,
    End: buttons.length - 1,
  }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  buttons[to].focus();
}

async function open(id) {
  const before = current;
  current = id;
  for (const each of [before, id]) {
    const known = each === undefined ? undefined : shown.get(each);
    known?.row.setAttribute("aria-current", String(each === id));
  }
  $("outcome").textContent = "";
  $("command").hidden = true;
  await refresh(id);
  $("details-title").focus();
}

function close() {
  if (current === undefined) return;
  const { row } = shown.get(current) ?? {};
  current = undefined;
  row?.setAttribute("aria-current", "false");
  row?.querySelector("button")?.focus();
  $("details").hidden = true;
}

async function refresh(id) {
  const seen = await act("GET", `exchanges/${id}`);
  if (!seen || id !== current) return;
  const { method, target, device, time, headAfter, endAfter, answer } = seen;
  $("details-title").textContent = visible(`${method} ${target}`);
  $("facts").textContent = visible([
    statusOf(seen),
    new Date(time).toLocaleString(),
    device ?? "not paired",
    ...headAfter === undefined ? [] : [`head after ${durationOf(headAfter)}`],
    ...endAfter === undefined ? ["under way"] : [`end after ${durationOf(endAfter)}`],
    ...seen.socket?.close?.reason ? [`“${seen.socket.close.reason}”`] : [],
  ].join(" · "));
  showFields("request-headers", seen.headers);
  showBody("request-body", seen.body);
  showFields("answer-headers", answer?.headers ?? []);
  showBody("answer-body", answer?.body ?? null);
  showMessages(seen);
  for (const name of ["replay", "curl"]) $(name).hidden = seen.socket !== undefined;
  $("details").hidden = false;
}

function showFields(id, fields) {
  $(id).replaceChildren(...fields.flatMap(([name, value]) => {
    const [term, detail] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = visible(name);
    detail.textContent = visible(value);
    return [term, detail];
  }));
}

function showBody(id, body) {
  const note = document.createElement("p");
  const { bytes = 0, kept, text } = body ?? {};
  if (!body) note.textContent = "No body";
  else if (kept === undefined) note.textContent = `${sizeOf(bytes)}, not kept`;
  else if (text === undefined) note.textContent = `${sizeOf(bytes)}, not text`;
  else {note.textContent = sizeOf(bytes) +
      (kept < bytes ? `, of which ${sizeOf(kept)} are kept` : "");}
  const pre = document.createElement("pre");
  pre.textContent = text ?? "";
  $(id).replaceChildren(...text ? [note, pre] : [note]);
}

/** Shows what a WebSocket has carried. */
function showMessages({ socket, messages, sent, received }) {
  $("messages").hidden = !socket;
  if (!socket) return;
  const of = (count, bytes) => `${count} (${sizeOf(bytes)})`;
  const kept = messages.length;
  const isWhole = kept === socket.sent + socket.received;
  $("messages-note").textContent =
    `${of(socket.sent, sent)} from the page, ${of(socket.received, received)} from the backend` +
    (isWhole ? "" : kept > 0 ? `; the newest ${kept} are kept` : "; none are kept");
  $("message-list").replaceChildren(...messages.map((message) => {
    const { after, from, bytes, kept, text } = message;
    const [item, head, body] = ["li", "p", "pre"].map((name) => document.createElement(name));
    const what = text === undefined
      ? ", not text"
      : kept < bytes
      ? `, the first ${sizeOf(kept)}:`
      : "";
    head.textContent = `${from === "page" ? "↑ Page" : "↓ Backend"}, ${durationOf(after)}, ` +
      sizeOf(bytes) + what;
    body.textContent = text ?? "";
    item.append(...text ? [head, body] : [head]);
    return item;
  }));
}

async function copy() {
  if (current === undefined) return;
  try {
    const made = await (await ask("GET", `exchanges/${current}/curl`)).json();
    const { command, without, isWhole } = made;
    $("command").textContent = command;
    $("command").hidden = false;
    const missing = [...without, ...isWhole ? [] : ["the body, which was not kept whole"]];
    const remark = missing.length > 0 ? `, without ${visible(missing.join(", "))}` : "";
    const isCopied = await navigator.clipboard.writeText(command).then(() => true, () => false);
    $("outcome").textContent = `${isCopied ? "Copied" : "Copy it from below"}${remark}`;
  } catch (error) {
    $("outcome").textContent = messageOf(error);
  }
}

async function replay() {
  if (current === undefined) return;
  try {
    const { id } = await (await ask("POST", `exchanges/${current}/replay`)).json();
    await open(id);
    $("outcome").textContent = "This is the answer to the replay";
  } catch (error) {
    $("outcome").textContent = messageOf(error);
  }
}

function statusOf({ status, failure, socket }) {
  if (socket?.close) return `closed ${socket.close.code}`;
  return failure ? `${status ?? ""} ${failure}`.trim() : String(status ?? "…");
}

/** Whether a WebSocket has ended without a close (RFC 6455 §7.4.1). */
function isCutOff({ socket }) {
  return socket?.close?.code === 1006;
}

function durationOf(ms) {
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

function sizeOf(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB"];
  let at = -1;
  for (; bytes >= 1024 && at < units.length - 1; at++) bytes /= 1024;
  return `${bytes.toFixed(1)} ${units[at]}`;
}

function messageOf(error) {
  const { message, status } = error;
  return status === undefined ? `${message}; trying again` : message;
}
