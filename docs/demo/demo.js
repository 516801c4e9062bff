// The demo page: notes, figures and two trials, all through `tunnel.fetch()`. It asks nothing of the
// page's own server, so it runs on GitHub Pages as it is.

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

/** Each path that a connection can take, in words. */
const PATHS = new Map([
  ["host", "direct, same machine or network (host)"],
  ["srflx", "direct, through NAT (srflx)"],
  ["prflx", "direct, through NAT (prflx)"],
  ["relay", "relayed"],
]);

/** Failures that a pairing link helps with. */
const UNPAIRED = new Set([
  "not-paired",
  "device-revoked",
  "pairing-used",
  "pairing-expired",
  "bad-link",
]);

const tunnel = /** @type {Tunnel} */ (document.querySelector("lighthouse-tunnel"));
const message = byId("message");
const notes = byId("notes");
const noteText = /** @type {HTMLInputElement} */ (byId("note-text"));
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Stops the load of the notes that is under way. @type {AbortController | undefined} */
let loading;
/** Whether the list shows what the laptop said, be it of some time ago. */
let loaded = false;
/** The figures shown last. @type {(Stats & { time: number }) | undefined} */
let lastStats;
let statsTimer = 0;

byId("note-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void once(byId("note-add"), "add the note", addNote);
});
byId("download").addEventListener("click", () => {
  void once(byId("download"), "download", download);
});
byId("stream").addEventListener("click", () => {
  void once(byId("stream"), "stream", stream);
});
byId("forget").addEventListener("click", () => {
  void once(byId("forget"), "forget this browser's key", () => tunnel.forget());
});
tunnel.addEventListener("statechange", showState);
tunnel.addEventListener("devicechange", showDevice);

showState();
if (!customElements.get("lighthouse-tunnel")) {
  say("Cannot reach your laptop: lighthouse-tunnel.js is missing beside this page.");
}

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
  byId("note-hint").textContent = connected
    ? "Kept in a file on your laptop, and nowhere else."
    : "Not connected. What you type stays here until you can add it.";
  showEmptiness();
  showDevice();
  clearInterval(statsTimer);
  statsTimer = setInterval(showStats, STATS_INTERVAL_MS);
  void showStats();
  if (connected) void loadNotes();
}

function isUnpaired() {
  return UNPAIRED.has(tunnel.error?.code ?? "");
}

/** What the laptop calls this browser. */
function showDevice() {
  const { device } = tunnel;
  byId("device").textContent = isUnpaired()
    ? "not paired"
    : device
    ? `paired as “${device.name}”`
    : isConnected()
    ? "a guest: the host is public"
    : "–";
  byId("forget").hidden = !device;
}

/** Shows an error to the visitor, or removes it. @param {string} text */
function say(text) {
  message.textContent = text;
}

/**
 * Runs what a button starts, not twice at a time, and shows why it failed.
 *
 * @param {HTMLElement} button @param {string} what @param {() => Promise<void>} action
 */
async function once(button, what, action) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  say("");
  try {
    await action();
  } catch (error) {
    say(`Cannot ${what}: ${reasonOf(error)}`);
  } finally {
    button.ariaBusy = null;
  }
}

/** @param {unknown} error */
function reasonOf(error) {
  const reason = error instanceof Error ? error.message : String(error);
  return /[.!?]$/.test(reason) ? reason : `${reason}.`;
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
  const said = body?.error?.message;
  throw new Error(typeof said === "string" ? said : `the backend answered ${response.status}`);
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
    if (!signal.aborted && isConnected()) say(`Cannot load the notes: ${reasonOf(error)}`);
  } finally {
    if (loading === load) loading = undefined;
  }
}

async function addNote() {
  const text = noteText.value;
  const response = await ask("/api/notes", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text }),
  });
  notes.prepend(noteItem(await response.json()));
  showEmptiness();
  if (loading) void loadNotes(); // its list may be older than the note
  if (noteText.value === text) noteText.value = "";
  noteText.focus();
}

/** @param {HTMLLIElement} item */
async function deleteNote(item) {
  const response = await tunnel.fetch(`/api/notes/${encodeURIComponent(item.dataset.id ?? "")}`, {
    method: "DELETE",
  });
  // Gone is what was asked for, so a 404 (another page was quicker) is as good.
  if (!response.ok && response.status !== 404) {
    throw new Error(`the backend answered ${response.status}`);
  }
  const hadFocus = item.contains(document.activeElement);
  const neighbour = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  showEmptiness();
  if (loading) void loadNotes(); // its list may still have the note
  if (hadFocus) (neighbour?.querySelector("button") ?? noteText).focus();
}

/** @param {Note} note */
function noteItem({ id, text, created }) {
  const item = document.createElement("li");
  item.dataset.id = id;

  const words = document.createElement("p");
  words.textContent = text;

  const time = document.createElement("time");
  const date = new Date(created);
  time.dateTime = created;
  time.textContent = Number.isNaN(date.valueOf()) ? created : dates.format(date);

  const button = document.createElement("button");
  button.type = "button";
  button.className = "delete";
  button.textContent = "Delete";
  button.ariaLabel = `Delete note: ${text.slice(0, 60)}`;
  button.disabled = !isConnected();
  button.addEventListener("click", () => {
    void once(button, "delete the note", () => deleteNote(item));
  });

  item.append(words, time, button);
  return item;
}

function showEmptiness() {
  byId("notes-empty").textContent = notes.childElementCount > 0
    ? ""
    : loaded
    ? "No notes yet. The first one you add is written to a file on your laptop."
    : isUnpaired()
    ? "The notes appear here once this browser is paired with your laptop."
    : "The notes appear here once your laptop answers.";
}

// Connection

async function showStats() {
  const stats = await tunnel.stats?.().catch(() => undefined);
  const now = stats && { ...stats, time: performance.now() };
  byId("path").textContent = now ? PATHS.get(now.path) ?? "not known yet" : "–";
  byId("rtt").textContent = now ? formatMilliseconds(now.roundTripTime) : "–";
  byId("rate-down").textContent = rate(lastStats, now, "bytesReceived");
  byId("rate-up").textContent = rate(lastStats, now, "bytesSent");
  lastStats = now;
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
  result.textContent = "Downloading …";
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
    if (bytes !== DOWNLOAD_BYTES) throw new Error(`it ended after ${bytes} bytes`);
    result.textContent = `5 MiB in ${seconds.toFixed(2)} s: ${formatRate(bytes / seconds)}`;
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
  result.textContent = `First line after ${formatMilliseconds(first)}, last after ${
    seconds.toFixed(2)
  } s`;
}

/** @param {Response} response */
function bodyReader(response) {
  if (!response.body) throw new Error("the backend sent no body");
  return response.body.getReader();
}

// Figures

/** @param {number} milliseconds */
function formatMilliseconds(milliseconds) {
  if (!Number.isFinite(milliseconds)) return "–";
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;
}

/** @param {number} bytesPerSecond */
function formatRate(bytesPerSecond) {
  if (bytesPerSecond >= MIB) return `${(bytesPerSecond / MIB).toFixed(1)} MiB/s`;
  if (bytesPerSecond >= KIB) return `${(bytesPerSecond / KIB).toFixed(1)} KiB/s`;
  return `${Math.round(bytesPerSecond)} B/s`;
}
