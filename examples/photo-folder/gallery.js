// A gallery of a folder on the laptop. The pictures have plain URLs, so the browser loads them as any
// others: those in sight first, and each once.

const FOLDER = "./local/";

const tunnel = /** @type {any} */ (document.querySelector("lighthouse-tunnel"));
const status = byId("status");
const list = byId("photos");
const viewer = /** @type {HTMLDialogElement} */ (byId("viewer"));
const large = /** @type {HTMLImageElement} */ (byId("large"));

status.textContent = "The photos come as soon as the laptop is connected.";
await tunnel.ready;
if (tunnel.workerError) {
  status.textContent = `The photos need a service worker. ${tunnel.workerError.message}`;
} else {
  await showPhotos();
}

async function showPhotos() {
  try {
    // list-photos.mjs has written it: a folder service has files, and no lists of them.
    const response = await fetch(`${FOLDER}photos.json`);
    if (!response.ok) throw new Error(`The folder has no photos.json (${response.status})`);
    /** @type {string[]} */
    const names = await response.json();
    list.replaceChildren(...names.map(tileOf));
    status.textContent = names.length === 1 ? "1 photo" : `${names.length} photos`;
  } catch (error) {
    status.textContent = error.message;
  }
}

/** @param {string} name */
function tileOf(name) {
  const image = new Image();
  // Before src, so that pictures out of sight wait.
  image.loading = "lazy";
  image.decoding = "async";
  image.alt = "";
  image.src = urlOf(name);
  const caption = document.createElement("span");
  caption.textContent = titleOf(name);
  const button = document.createElement("button");
  button.type = "button";
  button.append(image, caption);
  button.addEventListener("click", () => show(name));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

/** @param {string} name */
function show(name) {
  byId("caption").textContent = titleOf(name);
  large.alt = titleOf(name);
  large.src = urlOf(name);
  viewer.showModal();
}

/** @param {string} name A path in the folder. */
function urlOf(name) {
  return FOLDER + name.split("/").map(encodeURIComponent).join("/");
}

/** @param {string} name */
function titleOf(name) {
  return name.replace(/^.*\//, "").replace(/\.\w+$/, "").replaceAll(/[-_]/g, " ");
}

/** @param {string} id @returns {any} */
function byId(id) {
  return document.getElementById(id);
}
