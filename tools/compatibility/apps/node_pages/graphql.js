// GraphQL by a POST, by server-sent events and by a WebSocket. `node graphql.js PORT`
import { createServer } from "node:http";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { useServer } from "graphql-ws/use/ws";
import { createSchema, createYoga } from "graphql-yoga";
import { WebSocketServer } from "ws";

const PAGE = `<!doctype html><title>GraphQL</title>
<style>
body { font: 1.1rem/1.6 sans-serif; max-width: 40rem; margin: 2rem auto }
dt { font-family: monospace; margin-top: 1rem }
</style>
<h1>GraphQL</h1>
<dl><dt>{ hello }</dt><dd id="query"></dd>
<dt>subscription { tick }, by events</dt><dd id="events"></dd>
<dt>subscription { tick }, by a WebSocket</dt><dd id="socket"></dd></dl>
<script type="module">
const show = (id, text) => document.querySelector(id).textContent += text;
const response = await fetch("/graphql", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ query: "{ hello }" }),
});
show("#query", (await response.json()).data.hello);
const source = new EventSource("/graphql?query=" + encodeURIComponent("subscription { tick }"));
source.addEventListener("next", ({ data }) => show("#events", JSON.parse(data).data.tick));
source.addEventListener("complete", () => source.close());
const url = new URL("/graphql", location.href.replace(/^http/, "ws"));
const socket = new WebSocket(url, "graphql-transport-ws");
socket.onopen = () => socket.send(JSON.stringify({ type: "connection_init" }));
socket.onmessage = ({ data }) => {
  const { type, payload } = JSON.parse(data);
  const query = "subscription { tick }";
  if (type === "connection_ack") {
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query } }));
  }
  if (type === "next") show("#socket", payload.data.tick);
};
</script>`;

const schema = createSchema({
  typeDefs: "type Query { hello: String } type Subscription { tick: Int }",
  resolvers: {
    Query: { hello: () => "world" },
    Subscription: {
      tick: {
        async *subscribe() {
          for (let tick = 1; tick < 4; tick++) {
            await sleep(200);
            yield { tick };
          }
        },
      },
    },
  },
});
const yoga = createYoga({ schema, logging: false });
const server = createServer((request, response) => {
  if (request.url !== "/") return void yoga(request, response);
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(PAGE);
});
useServer({ schema }, new WebSocketServer({ server, path: "/graphql" }));
server.listen(Number(process.argv[2]), "127.0.0.1");
