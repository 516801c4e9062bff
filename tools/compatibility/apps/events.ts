// A hand-written app that names all it has by absolute paths, and tries what browsers offer to pages and
// workers. `node events.ts PORT`
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import process from "node:process";
import { WebSocketServer } from "ws";

const SOCKET = 'new WebSocket(location.origin.replace("http", "ws") + "/socket")';
/** Says by a WebSocket whether it works. */
const talk = (tell: string) =>
  `const socket = ${SOCKET}; socket.onmessage = ({ data }) => { ${tell}(data); socket.close(); };
socket.onerror = () => ${tell}("the socket fails");`;

const SCRIPTS: Record<string, string> = {
  "/worker.js":
    'importScripts("/part.js"); fetch("/echo").then((r) => postMessage(part + " " + r.status), (e) => postMessage(String(e)));',
  "/part.js": 'self.part = "part";',
  "/module_worker.js":
    'import { part } from "/module_part.js"; fetch("/echo").then((r) => postMessage(part + " " + r.status), (e) => postMessage(String(e)));',
  "/module_part.js": 'export const part = "module part";',
  "/socket_worker.js": talk("postMessage"),
  "/shared_worker.js": `onconnect = ({ ports: [port] }) => { ${
    talk("port.postMessage.bind(port)")
  } };`,
  "/sw.js": 'addEventListener("fetch", () => {});',
};

const STYLE = `h1 { color: rgb(1, 2, 3) }
body { font: 1rem/1.1 sans-serif; max-width: 40rem; margin: 1rem auto }
p { margin: .6rem 0 }
p[id]::before { content: attr(id) ": "; color: gray }`;

const PAGE =
  `<!doctype html><title>Events</title><link rel="stylesheet" href="/app.css"><h1>Events</h1>
<p id="event"></p><p id="worker"></p><p id="module"></p><p id="socket"></p><p id="socket-worker"></p>
<p id="blob-worker"></p><p id="shared-worker"></p><p id="srcdoc"></p><p id="own-worker"></p><p id="set"></p>
<a id="deep" href="/deep/page?x=1">deep</a> <a id="top" target="_top" href="/deep/top">top</a>
<form method="post" action="/form"><input name="text" value="a &amp; b"><button id="send">Send</button></form>
<script>
function show(id, text) { document.getElementById(id).textContent = text; }
const start = (id, make) => {
  try {
    const worker = make();
    (worker.port ?? worker).onmessage = ({ data }) => show(id, data);
    worker.onerror = ({ message }) => show(id, "error: " + message);
  } catch (error) { show(id, String(error)); }
};
new EventSource("/events").onmessage = ({ data }) => show("event", data);
start("worker", () => new Worker("/worker.js"));
start("module", () => new Worker("/module_worker.js", { type: "module" }));
start("socket-worker", () => new Worker("/socket_worker.js"));
start("blob-worker", () => new Worker(URL.createObjectURL(
  new Blob([${
    JSON.stringify(talk("postMessage"))
  }.replaceAll("location.origin", JSON.stringify(location.origin))]))));
start("shared-worker", () => new SharedWorker("/shared_worker.js"));
${
    talk('((text) => show("socket", text))').replaceAll("socket = ", "pageSocket = ").replaceAll(
      "socket.",
      "pageSocket.",
    )
  }
const frame = document.createElement("iframe");
frame.srcdoc = "<script>const at = parent.location; " + ${
    JSON.stringify(talk('((text) => parent.show("srcdoc", text))')).replaceAll(
      "location.origin",
      "at.origin",
    )
  } + "<" + "/script>";
document.body.append(frame);
navigator.serviceWorker.register("/sw.js").then(() => show("own-worker", "registered"),
  (error) => show("own-worker", error.name));
document.cookie = "theme=dark; path=/";
show("set", document.cookie);
</script>`;

let hasBeacon = false;

const server = createServer((request, response) => {
  answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
});
new WebSocketServer({ server, path: "/socket" }).on("connection", (socket) => {
  socket.send("the socket works");
});
server.listen(Number(process.argv[2]), "127.0.0.1");

async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
  const { pathname } = new URL(request.url!, "http://own.invalid");
  const send = (type: string, body: string, more: Record<string, string> = {}) =>
    response.writeHead(200, { "content-type": `${type}; charset=utf-8`, ...more }).end(body);
  if (SCRIPTS[pathname]) return send("text/javascript", SCRIPTS[pathname]);
  switch (pathname) {
    case "/app.css":
      return send("text/css", STYLE);
    case "/echo":
      return send("application/json", JSON.stringify(request.headers));
    case "/events": {
      response.writeHead(200, { "content-type": "text/event-stream" });
      let count = 0;
      const timer = setInterval(() => response.write(`data: ${++count}\n\n`), 200);
      return response.on("close", () => clearInterval(timer));
    }
    case "/beacon":
      hasBeacon = true;
      return response.writeHead(204).end();
    case "/beaconed":
      return send("text/plain", String(hasBeacon));
    case "/set-cookie":
      return send("text/html", "<!doctype html><h1>Set</h1>", {
        "set-cookie": "language=de; Path=/",
      });
    case "/own":
      return send(
        "text/html",
        `<!doctype html><h1>Own</h1><a id="own" href="http://${request.headers.host}/deep/own">own</a>`,
      );
    case "/form": {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const text = new URLSearchParams(Buffer.concat(chunks).toString()).get("text");
      return send("text/html", `<!doctype html><h1>Got ${text?.replace("&", "&amp;")}</h1>`);
    }
    case "/strict":
      return send(
        "text/html",
        `<!doctype html><title>not run</title><h1>Strict</h1><script nonce="abc">
const socket = ${SOCKET}; socket.onmessage = ({ data }) => document.title = data;</script>`,
        {
          "content-security-policy":
            "default-src 'none'; script-src 'nonce-abc'; connect-src 'self'; frame-ancestors 'none'",
          "x-frame-options": "DENY",
        },
      );
    default:
      return send(
        "text/html",
        PAGE.replace("<h1>Events", `<p id="at">at ${pathname}</p><h1>Events`),
      );
  }
}
