// The page for phones. With a trusted certificate it leads to the app; else it shows what works without a
// service worker.
const SCOPE = "/app/";
const MAX_TEXT = 20_000;
const byId = (id) => document.getElementById(id);

if (await hasWorker()) {
  // Before the element takes a pairing link out of the address: the app's page pairs by it.
  location.replace(SCOPE + location.hash);
} else {
  byId("trust").hidden = false;
  await import("/lighthouse-tunnel.js");
  byId("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    void ask(byId("path").value);
  });
}

/** Whether the browser takes the app's service worker. */
async function hasWorker() {
  try {
    await navigator.serviceWorker.register(`${SCOPE}sw.js`, { scope: SCOPE });
    return true;
  } catch {
    return false;
  }
}

async function ask(path) {
  const [status, answer] = [byId("status"), byId("answer")];
  status.textContent = "Asking …";
  answer.hidden = true;
  answer.replaceChildren();
  const started = performance.now();
  try {
    const response = await document.querySelector("lighthouse-tunnel").fetch(path);
    const body = await response.blob();
    const ms = Math.round(performance.now() - started);
    const type = response.headers.get("content-type") ?? "no type";
    status.textContent = `${response.status} ${response.statusText} · ${type} · ` +
      `${body.size.toLocaleString()} bytes in ${ms} ms`;
    answer.append(await show(body, type));
    answer.hidden = false;
  } catch (error) {
    status.textContent = error.message;
  }
}

async function show(body, type) {
  if (/^image\/(?!svg)/.test(type)) {
    const image = new Image();
    image.alt = "The backend's picture";
    image.src = URL.createObjectURL(body);
    image.onload = () => URL.revokeObjectURL(image.src);
    return image;
  }
  const text = document.createElement("pre");
  const isText = /^text\/|json|xml|javascript/.test(type);
  const content = isText ? await body.text() : "(not a text)";
  text.textContent = content.length > MAX_TEXT ? `${content.slice(0, MAX_TEXT)} …` : content;
  return text;
}
