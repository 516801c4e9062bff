// The demo page: notes, figures and two trials, all through `tunnel.fetch()`. It asks nothing of the
// page's own server, so it runs on GitHub Pages as it is.
import {
  bringScanner,
  isUnpaired,
  language,
  number,
  show,
  text,
  translatePage,
} from "./language.js";

/**
 * What the page uses of `<lighthouse-tunnel>`.
 *
 * @typedef {HTMLElement & {
 *   state: "idle" | "signalling" | "connecting" | "connected" | "offline" | "failed",
 *   error: (Error & { code: string }) | undefined,
 *   device: { id: string, name: string } | undefined,
 *   forget: () => Promise<void>,
 *   fetch: (input: string, init?: RequestInit) => Promise<Response>,
 *   stats: () => Promise<Stats>,
 * }} Tunnel
 * @typedef {{ path: string, roundTripTime: number, bytesSent: number, bytesReceived: number }} Stats
 * @typedef {{ id: string, text: string, created: string }} Note
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const DOWNLOAD_BYTES = 5 * MIB;
const STATS_INTERVAL_MS = 1000;

const tunnel = /** @type {Tunnel} */ (document.querySelector("lighthouse-tunnel"));
const message = byId("message");
const notes = byId("notes");
const noteText = /** @type {HTMLInputElement} */ (byId("note-text"));
const dates = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

/** Stops the load of the notes that is under way. @type {AbortController | undefined} */
let loading;
/** Whether the list shows what the laptop said, be it of some time ago. */
let loaded = false;
/** The figures shown last. @type {(Stats & { time: number }) | undefined} */
let lastStats;
let statsTimer = 0;

byId("note-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void once(byId("note-add"), "cannot-add", addNote);
});
byId("download").addEventListener("click", () => {
  void once(byId("download"), "cannot-download", download);
});
byId("stream").addEventListener("click", () => {
  void once(byId("stream"), "cannot-stream", stream);
});
byId("forget").addEventListener("click", () => {
  void once(byId("forget"), "cannot-forget", () => tunnel.forget());
});
tunnel.addEventListener("statechange", showState);
tunnel.addEventListener("devicechange", showDevice);

translatePage();
showState();
if (!customElements.get("lighthouse-tunnel")) say(text("missing"));

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

function isConnected() {
  return tunnel.state === "connected";
}

/** Enables what needs the tunnel while there is one; loads the notes anew each time it comes. */
function showState() {
  const connected = isConnected();
  for (const id of ["note-add", "download", "stream"]) {
    /** @type {HTMLButtonElement} */ (byId(id)).disabled = !connected;
  }
  for (const button of notes.querySelectorAll("button")) button.disabled = !connected;
  byId("link").classList.toggle("lit", connected);
  byId("note-hint").textContent = text(connected ? "kept" : "not-kept");
  byId("trials-off").textContent = connected ? "" : text("trials-off");
  if (isUnpaired(tunnel)) void bringScanner();
  showEmptiness();
  showDevice();
  clearInterval(statsTimer);
  statsTimer = setInterval(showStats, STATS_INTERVAL_MS);
  void showStats();
  if (connected) void loadNotes();
}

/** What the laptop calls this browser. */
function showDevice() {
  const { device } = tunnel;
  byId("device").textContent = isUnpaired(tunnel)
    ? text("not-paired")
    : device
    ? text("paired-as", { device: device.name })
    : isConnected()
    ? text("guest")
    : "–";
  byId("forget").hidden = !device;
}

/** Shows an error to the visitor, or removes it. @param {string} words */
function say(words) {
  show(message, words);
}

/**
 * Runs what a button starts, not twice at a time, and shows why it failed.
 *
 * @param {HTMLElement} button @param {import("./language.js").TextName} failure @param {() => Promise<void>} action
 */
async function once(button, failure, action) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  say("");
  try {
    await action();
  } catch (error) {
    say(text(failure, { reason: reasonOf(error) }));
  } finally {
    button.ariaBusy = null;
  }
}

/** @param {unknown} error The element's has a `cause` with a code; the page's own is in its language. */
function reasonOf(error) {
  const { message, cause } = /** @type {Error} */ (error);
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`;
  const code = /** @type {{ code?: string } | undefined} */ (cause)?.code;
  return code === undefined ? sentence : text("reason", { message: sentence, code });
}

/**
 * Fetches through the tunnel. @throws {Error} for a status other than 2xx, with the backend's words.
 *
 * @param {string} path @param {RequestInit} [init]
 */
async function ask(path, init) {
  const response = await tunnel.fetch(path, init);
  if (response.ok) return response;
  const body = await response.json().catch(() => undefined);
  const { message: said, code } = body?.error ?? {};
  if (typeof said !== "string") throw new Error(text("answered", { status: response.status }));
  throw new Error(said, { cause: { code: String(code ?? response.status) } });
}

// Notes

async function loadNotes() {
  loading?.abort();
  const load = loading = new AbortController();
  const { signal } = load;
  try {
    const response = await ask("/api/notes", { signal });
    /** @type {Note[]} */
    const list = await response.json();
    if (signal.aborted) return;
    const focused = document.activeElement?.closest("#notes li")?.getAttribute("data-id");
    notes.replaceChildren(...list.map(noteItem).reverse());
    for (const item of notes.children) {
      if (item.getAttribute("data-id") === focused) item.querySelector("button")?.focus();
    }
    loaded = true;
    say("");
    showEmptiness();
  } catch (error) {
    if (!signal.aborted && isConnected()) say(text("cannot-load", { reason: reasonOf(error) }));
  } finally {
    if (loading === load) loading = undefined;
  }
}

async function addNote() {
  const note = noteText.value;
  const response = await ask("/api/notes", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text: note }),
  });
  notes.prepend(noteItem(await response.json()));
  showEmptiness();
  if (loading) void loadNotes(); // its list may be older than the note
  if (noteText.value === note) noteText.value = "";
  noteText.focus();
}

/** @param {HTMLLIElement} item */
async function deleteNote(item) {
  const response = await tunnel.fetch(`/api/notes/${encodeURIComponent(item.dataset.id ?? "")}`, {
    method: "DELETE",
  });
  // Gone is what was asked for, so a 404 (another page was quicker) is as good.
  if (!response.ok && response.status !== 404) {
    throw new Error(text("answered", { status: response.status }));
  }
  const hadFocus = item.contains(document.activeElement);
  const neighbour = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  showEmptiness();
  if (loading) void loadNotes(); // its list may still have the note
  if (hadFocus) (neighbour?.querySelector("button") ?? noteText).focus();
}

/** @param {Note} note */
function noteItem({ id, text: note, created }) {
  const item = document.createElement("li");
  item.dataset.id = id;

  const words = document.createElement("p");
  words.textContent = note;

  const time = document.createElement("time");
  const date = new Date(created);
  time.dateTime = created;
  time.textContent = Number.isNaN(date.valueOf()) ? created : dates.format(date);

  const button = document.createElement("button");
  button.type = "button";
  button.className = "delete";
  button.textContent = text("delete");
  button.ariaLabel = text("delete-note", { text: note.slice(0, 60) });
  button.disabled = !isConnected();
  button.addEventListener("click", () => {
    void once(button, "cannot-delete", () => deleteNote(item));
  });

  item.append(words, time, button);
  return item;
}

function showEmptiness() {
  byId("notes-empty").textContent = notes.childElementCount > 0
    ? ""
    : loaded
    ? text("no-notes")
    : text(isUnpaired(tunnel) ? "notes-unpaired" : "notes-waiting");
}

// Connection

async function showStats() {
  const stats = await tunnel.stats?.().catch(() => undefined);
  const now = stats && { ...stats, time: performance.now() };
  byId("path").textContent = now ? pathOf(now.path) : "–";
  byId("rtt").textContent = now ? formatMilliseconds(now.roundTripTime) : "–";
  byId("rate-down").textContent = rate(lastStats, now, "bytesReceived");
  byId("rate-up").textContent = rate(lastStats, now, "bytesSent");
  lastStats = now;
}

/** A connection's path in words. @param {string} path */
function pathOf(path) {
  return text(
    path === "host" || path === "srflx" || path === "prflx" || path === "relay" ||
      path === "quic" || path === "relayed"
      ? `path-${path}`
      : "path-unknown",
  );
}

/**
 * @param {(Stats & { time: number }) | undefined} last
 * @param {(Stats & { time: number }) | undefined} now
 * @param {"bytesSent" | "bytesReceived"} counter
 */
function rate(last, now, counter) {
  if (!now) return "–";
  // After a reconnect the counters begin again.
  if (!last || now[counter] < last[counter]) return formatRate(0);
  return formatRate((now[counter] - last[counter]) / ((now.time - last.time) / 1000));
}

// Trials

async function download() {
  const progress = /** @type {HTMLProgressElement} */ (byId("download-progress"));
  const result = byId("download-result");
  progress.value = 0;
  result.textContent = text("downloading");
  try {
    const started = performance.now();
    const response = await ask(`/api/download?bytes=${DOWNLOAD_BYTES}`);
    let bytes = 0;
    const reader = bodyReader(response);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      progress.value = bytes;
    }
    const seconds = (performance.now() - started) / 1000;
    if (bytes !== DOWNLOAD_BYTES) throw new Error(text("ended", { bytes }));
    const values = { seconds: number(seconds, 2), rate: formatRate(bytes / seconds) };
    result.textContent = text("download-done", values);
  } catch (error) {
    result.textContent = "";
    throw error;
  }
}

async function stream() {
  const output = byId("stream-output");
  const result = byId("stream-result");
  output.textContent = "";
  result.textContent = "";
  const started = performance.now();
  const reader = bodyReader(await ask("/api/stream"));
  const decoder = new TextDecoder();
  let first = NaN;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (Number.isNaN(first)) first = performance.now() - started;
    output.textContent += decoder.decode(value, { stream: true });
  }
  const seconds = (performance.now() - started) / 1000;
  const values = { first: formatMilliseconds(first), last: number(seconds, 2) };
  result.textContent = text("stream-done", values);
}

/** @param {Response} response */
function bodyReader(response) {
  if (!response.body) throw new Error(text("no-body"));
  return response.body.getReader();
}

// Figures

/** @param {number} milliseconds */
function formatMilliseconds(milliseconds) {
  if (!Number.isFinite(milliseconds)) return "–";
  return `${number(milliseconds, milliseconds < 10 ? 1 : 0)} ms`;
}

/** @param {number} bytesPerSecond */
function formatRate(bytesPerSecond) {
  if (bytesPerSecond >= MIB) return `${number(bytesPerSecond / MIB, 1)} MiB/s`;
  if (bytesPerSecond >= KIB) return `${number(bytesPerSecond / KIB, 1)} KiB/s`;
  return `${Math.round(bytesPerSecond)} B/s`;
}
