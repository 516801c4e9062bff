// For tests: a backend with WebSockets by ws that echoes, follows scripts, and refuses.
import { createServer } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type WebSocket, WebSocketServer } from "ws";
import { listen } from "./listen.ts";

/** A step of a scripted socket. */
export type Step =
  | { do: "send"; data: string }
  /** One message in several frames. */
  | { do: "fragments"; parts: string[]; binary?: boolean }
  | { do: "ping" }
  | { do: "close"; code?: number; reason?: string }
  /** Ends the TCP connection without a close frame. */
  | { do: "cut" }
  /** Writes raw bytes, given in hexadecimal. */
  | { do: "raw"; hex: string }
  /** Waits for messages since the last `receive`. */
  | { do: "receive" };

/** A running backend. */
export interface SocketServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Open sockets. */
  readonly sockets: Set<WebSocket>;
  /** Close codes and reasons of the sockets, in order. */
  readonly closes: string[];
  /** Headers of the handshakes, in order, with the path as `:path`. */
  readonly handshakes: Record<string, string | string[] | undefined>[];
  /** Bytes that `/flood` has handed to TCP. */
  flooded: number;
}

/**
 * Starts a backend on 127.0.0.1.
 *
 * - `/echo` sends each message back, and accepts the subprotocol of `?protocol=`, if given.
 * - `/script?[…]` follows the {@linkcode Step}s in the JSON.
 * - `/status/404` refuses, and sets a cookie.
 * - `/silent` does not answer the handshake.
 * - `/deaf` reads nothing.
 * - `/flood?bytes=…` sends binary messages of 16 KiB, as fast as TCP takes them, then closes.
 *
 * The last segment counts: `/a/b/echo` is `/echo`.
 */
export async function startSocketServer(): Promise<SocketServer> {
  const server = createServer((_request, response) => void response.writeHead(426).end());
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (_offered, { url }) => parse(url).searchParams.get("protocol") ?? false,
  });
  const { url, close } = await listen(server);
  const running: SocketServer = {
    url,
    sockets: sockets.clients,
    closes: [],
    handshakes: [],
    flooded: 0,
    [Symbol.asyncDispose]: close,
  };
  server.on("upgrade", (request, socket, head) => {
    running.handshakes.push({ ":path": request.url, ...request.headers });
    const { pathname, search, searchParams } = parse(request.url);
    const [, name, status] = /(\w+)(?:\/(\d+))?$/.exec(pathname)!;
    if (name === "silent") return;
    if (name === "status") return refuse(socket, Number(status));
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("error", () => {});
      webSocket.on("close", (code, reason) => running.closes.push(`${code} ${reason}`.trim()));
      if (name === "deaf") webSocket.pause();
      else if (name === "flood") flood(webSocket, Number(searchParams.get("bytes")), running);
      else void serve(webSocket, socket, name === "script" ? stepsOf(search) : []);
    });
  });
  return running;
}

/** Returns the path of a scripted socket. */
export function scriptPath(...steps: Step[]): string {
  return `/script?${encodeURIComponent(JSON.stringify(steps))}`;
}

function parse(url = "/"): URL {
  return new URL(url, "http://127.0.0.1");
}

function stepsOf(search: string): Step[] {
  return JSON.parse(decodeURIComponent(search.slice(1)));
}

function refuse(socket: Duplex, status: number): void {
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nSet-Cookie: refused=1; Path=/\r\nContent-Length: 2\r\n\r\nno`,
  );
}

async function serve(webSocket: WebSocket, socket: Duplex, steps: Step[]): Promise<void> {
  let received = Promise.withResolvers<void>();
  webSocket.on("message", (data: Buffer, binary) => {
    if (steps.length === 0) webSocket.send(data, { binary });
    received.resolve();
  });
  for (const step of steps) {
    switch (step.do) {
      case "send":
        webSocket.send(step.data);
        break;
      case "fragments":
        for (const [index, part] of step.parts.entries()) {
          const fin = index === step.parts.length - 1;
          webSocket.send(part, { fin, binary: step.binary ?? false });
        }
        break;
      case "ping": {
        const pong = new Promise((resolve) => webSocket.once("pong", resolve));
        webSocket.ping("are you there");
        await pong;
        break;
      }
      case "close":
        webSocket.close(step.code, step.reason);
        break;
      case "cut":
        // Earlier data must arrive first.
        await sleep(500);
        webSocket.terminate();
        break;
      case "raw":
        socket.write(Buffer.from(step.hex, "hex"));
        break;
      case "receive":
        await received.promise;
        received = Promise.withResolvers<void>();
        break;
    }
  }
}

function flood(webSocket: WebSocket, bytes: number, counts: { flooded: number }): void {
  const message = Buffer.alloc(16 * 1024, 7);
  let left = bytes;
  const more = () => {
    if (left <= 0) return webSocket.close(1000);
    left -= message.length;
    webSocket.send(message, (error) => {
      // The socket is closed.
      if (error) return;
      counts.flooded += message.length;
      setImmediate(more);
    });
  };
  more();
}
