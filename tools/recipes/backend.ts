// The backend of the recipes: notes, events, a chat, and servers of the libraries themselves.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { type WebSocket, WebSocketServer } from "ws";
import { listen, type Listening } from "../testing/listen.ts";

/** The parts of an answer, as a language model writes them. */
const TOKENS = ["Hello", " from", " the", " laptop"];

/** A running backend. */
export interface RecipeBackend extends Listening {
  /** From now on, the chat waits after each token for `next()`. */
  hold(): { next(): void };
}

/** Starts the backend. @param packages The folder with `node_modules`. */
export async function startRecipeBackend(packages: string): Promise<RecipeBackend> {
  let turn: (() => Promise<void>) | undefined;
  const server = createServer((request, response) => {
    answer(request, response, async () => await turn?.()).catch((error) => response.destroy(error));
  });
  serveSockets(server, packages);
  return Object.assign(await listen(server), {
    hold() {
      let gate = Promise.withResolvers<void>();
      turn = () => gate.promise;
      return {
        next() {
          const { resolve } = gate;
          gate = Promise.withResolvers();
          resolve();
        },
      };
    },
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  turn: () => Promise<void>,
): Promise<void> {
  const send = (status: number, value: unknown) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  /** Sends the tokens, each when it is its turn. */
  const stream = async (type: string, lineOf: (content: string) => string, end: string) => {
    response.writeHead(200, { "content-type": type });
    for (const token of TOKENS) {
      response.write(lineOf(token));
      await turn();
    }
    response.end(end);
  };
  switch (`${request.method} ${request.url}`) {
    case "GET /api/notes":
      return send(200, [{ id: 1, text: "Milk" }]);
    case "POST /api/notes": {
      const { text } = await json(request) as { text: string };
      // Many backends read no body without its length.
      return request.headers["content-length"] ? send(201, { id: 2, text }) : send(411, {});
    }
    case "GET /api/events":
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("id: 1\nevent: price\ndata: 42\n\n");
      return;
    case "POST /v1/chat/completions":
      return await stream(
        "text/event-stream",
        (content) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`,
        "data: [DONE]\n\n",
      );
    case "POST /api/chat":
      return await stream(
        "application/x-ndjson",
        (content) => `${JSON.stringify({ message: { role: "assistant", content } })}\n`,
        `${JSON.stringify({ message: { role: "assistant", content: "" }, done: true })}\n`,
      );
    default:
      return send(404, { error: "Not found" });
  }
}

/** Serves `/live`, `/collaboration/ROOM`, `/graphql` and `/socket.io/`. */
function serveSockets(server: Server, packages: string): void {
  const load = createRequire(join(packages, "package.json"));
  const echo = new WebSocketServer({ noServer: true });
  echo.on("connection", (socket) => {
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
  const rooms = serveRooms(load);
  const graphql = serveGraphql(load);
  const { Server: SocketIo } = load("socket.io");
  new SocketIo(server).on("connection", (socket: SocketIoSocket) => {
    socket.on("greet", (name, reply) => reply(`Hello, ${name}`));
  });
  server.on("upgrade", (request, socket, head) => {
    const [, name] = request.url!.split(/[/?]/);
    const sockets = { live: echo, collaboration: rooms, graphql }[name!];
    sockets?.handleUpgrade(request, socket, head, (webSocket) => {
      sockets.emit("connection", webSocket, request);
    });
  });
}

/** What the backend uses of a socket of socket.io. */
interface SocketIoSocket {
  on(event: string, listener: (name: string, reply: (text: string) => void) => void): void;
}

/** A server of y-websocket's protocol, which sends each newcomer a document with the text "Milk". */
function serveRooms(load: NodeJS.Require): WebSocketServer {
  const { Doc, encodeStateAsUpdate } = load("yjs");
  const doc = new Doc();
  doc.getText().insert(0, "Milk");
  const update: Uint8Array = encodeStateAsUpdate(doc);
  const rooms = new WebSocketServer({ noServer: true });
  rooms.on("connection", (socket: WebSocket) => {
    // Kinds: a message of sync (0) that is an update (2), and its length. All are below 128.
    socket.send(new Uint8Array([0, 2, update.length, ...update]));
  });
  return rooms;
}

function serveGraphql(load: NodeJS.Require): WebSocketServer {
  const { buildSchema } = load("graphql");
  const { useServer } = load("graphql-ws/use/ws");
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: () => "graphql-transport-ws",
  });
  const schema = buildSchema("type Query { tick: Int } type Subscription { tick: Int }");
  const tick = async function* () {
    yield { tick: 1 };
  };
  useServer({ schema, roots: { subscription: { tick } } }, sockets);
  return sockets;
}
