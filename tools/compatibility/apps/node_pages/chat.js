// A chat by socket.io: it begins with long polling, and goes on by a WebSocket. `node chat.js PORT`
import { createServer } from "node:http";
import process from "node:process";
import { Server } from "socket.io";

const PAGE = `<!doctype html><title>Chat</title>
<style>
body { font: 1.1rem/1.6 sans-serif; max-width: 40rem; margin: 2rem auto }
li { background: #eef; border-radius: .5rem; padding: .3rem .8rem; margin: .5rem; list-style: none }
</style>
<h1>Chat</h1><p id="by"></p>
<form><input id="message"><button>Send</button></form><ul id="said"></ul>
<script src="/socket.io/socket.io.js"></script>
<script>
const socket = io();
socket.on("connect", () => {
  const tell = () => document.querySelector("#by").textContent = "by " + socket.io.engine.transport.name;
  tell();
  socket.io.engine.on("upgrade", tell);
});
socket.on("chat", (text) => {
  document.querySelector("#said").append(Object.assign(document.createElement("li"), { textContent: text }));
});
document.querySelector("form").onsubmit = (event) => {
  event.preventDefault();
  socket.emit("chat", document.querySelector("#message").value);
};
</script>`;

const server = createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(PAGE);
});
const sockets = new Server(server);
sockets.on(
  "connection",
  (socket) => socket.on("chat", (text) => sockets.emit("chat", "said: " + text)),
);
server.listen(Number(process.argv[2]), "127.0.0.1");
