// The demo of plain URLs. All it does is to wait until they lead somewhere: on the first visit the
// service worker is not there yet when the page is read, so its URLs are put in place later.
import { bringScanner, isUnpaired, show, text, translatePage } from "./language.js";

/**
 * What the page uses of `<lighthouse-tunnel>`.
 *
 * @typedef {HTMLElement & {
 *   ready: Promise<void>,
 *   error: { code: string } | undefined,
 *   workerError: (Error & { code: string }) | undefined,
 * }} Tunnel
 */

const KEPT_EVENTS = 5;

const tunnel = /** @type {Tunnel} */ (document.querySelector("lighthouse-tunnel"));
const message = byId("message");
const waiting = byId("waiting");

translatePage();
if (!customElements.get("lighthouse-tunnel")) {
  show(message, text("missing"));
} else {
  tunnel.addEventListener("statechange", showWaiting);
  showWaiting();
  await tunnel.ready;
  tunnel.removeEventListener("statechange", showWaiting);
  waiting.textContent = "";
  const { workerError } = tunnel;
  if (workerError) {
    const { code, message: why } = workerError;
    show(message, text("no-worker", { code, message: /[.!?]$/.test(why) ? why : `${why}.` }));
  } else {
    showAll();
  }
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

function showWaiting() {
  waiting.textContent = text(isUnpaired(tunnel) ? "waiting-unpaired" : "waiting");
  if (isUnpaired(tunnel)) void bringScanner();
}

function showAll() {
  document.querySelector("main")?.classList.remove("waiting");
  for (const element of document.querySelectorAll("[data-src]")) {
    element.setAttribute("src", /** @type {HTMLElement} */ (element).dataset.src ?? "");
  }
  const output = byId("events");
  /** @type {string[]} */
  const lines = [];
  const source = new EventSource("./local/api/events");
  source.addEventListener("message", ({ data, lastEventId }) => {
    lines.push(`${lastEventId}: ${data}`);
    output.textContent = lines.slice(-KEPT_EVENTS).join("\n");
  });
}
