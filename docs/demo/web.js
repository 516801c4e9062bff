// The demo of plain URLs. All it does is to wait until they lead somewhere: on the first visit the
// service worker is not there yet when the page is read, so its URLs are put in place later.

/**
 * What the page uses of `<lighthouse-tunnel>`.
 *
 * @typedef {HTMLElement & { ready: Promise<void>, workerError: Error | undefined }} Tunnel
 */

const KEPT_EVENTS = 5;

const tunnel = /** @type {Tunnel} */ (document.querySelector("lighthouse-tunnel"));
const message = /** @type {HTMLElement} */ (document.getElementById("message"));

if (!customElements.get("lighthouse-tunnel")) {
  message.textContent =
    "Cannot reach your laptop: lighthouse-tunnel.js is missing beside this page.";
} else {
  await tunnel.ready;
  if (tunnel.workerError) {
    message.textContent =
      `Nothing below can be shown, since there is no service worker: ${tunnel.workerError.message}.`;
  } else {
    showAll();
  }
}

function showAll() {
  for (const element of document.querySelectorAll("[data-src]")) {
    element.setAttribute("src", /** @type {HTMLElement} */ (element).dataset.src ?? "");
  }
  const output = /** @type {HTMLElement} */ (document.getElementById("events"));
  /** @type {string[]} */
  const lines = [];
  const source = new EventSource("./local/api/events");
  source.addEventListener("message", ({ data, lastEventId }) => {
    lines.push(`${lastEventId}: ${data}`);
    output.textContent = lines.slice(-KEPT_EVENTS).join("\n");
  });
}
