// For end-to-end tests: a relay in the hands of somebody else. It stands between pages, host and gateway,
// keeps every message, and does with each what the test says.
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { Bridge } from "../local/bridge.ts";

/** A message on its way. */
export interface Passing {
  /** Whether it comes from a page (or goes to one), or from a host. */
  end: "page" | "host";
  /** `up`: to the gateway. */
  way: "up" | "down";
  text: string;
  /** Whose socket it is on: the number of the connection, from 0. */
  connection: number;
  /** Passes on a text in its place, now or later; any number of them. */
  pass(text: string): void;
}

/** The relay. */
export interface RecordingRelay extends AsyncDisposable {
  /** What pages and hosts connect to. */
  readonly url: string;
  /** All messages so far, as they came. */
  readonly seen: Passing[];
  /** Number of connections so far. */
  readonly connections: number;
  /** What is done with each; it may be replaced. @default passes it on */
  onMessage: (passing: Passing) => void;
  /** Passes messages on as they are, from now on. */
  behave(): void;
}

/** Starts one. It lets pages of any origin in, as that of the bridge's own. */
export async function startRecordingRelay(bridge: Bridge): Promise<RecordingRelay> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.on("listening", resolve));
  let connections = 0;
  const relay: RecordingRelay = {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}${
      new URL(bridge.gateway.url).pathname
    }`,
    seen: [],
    get connections() {
      return connections;
    },
    onMessage: ({ pass, text }) => pass(text),
    behave() {
      relay.onMessage = ({ pass, text }) => pass(text);
    },
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on("connection", (near: WebSocket, request: IncomingMessage) => {
    const connection = connections++;
    const end = request.headers.origin === undefined ? "host" : "page";
    const headers = end === "page" ? { origin: bridge.page.origins[0] } : {};
    const protocols = request.headers["sec-websocket-protocol"]?.split(/, */) ?? [];
    const far = new WebSocket(bridge.gateway.url, protocols, { headers });
    const opened = new Promise<void>((resolve) => far.on("open", resolve));
    const send = async (socket: WebSocket, text: string) => {
      await opened;
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    };
    const hear = (way: Passing["way"], to: WebSocket) => (data: RawData) => {
      const pass = (text: string) => void send(to, text);
      const passing: Passing = { end, way, text: String(data), connection, pass };
      relay.seen.push(passing);
      relay.onMessage(passing);
    };
    near.on("message", hear("up", far));
    far.on("message", hear("down", near));
    for (const [one, other] of [[near, far], [far, near]] as const) {
      one.on("error", () => {});
      one.on(
        "close",
        () => other.readyState === WebSocket.CONNECTING ? other.terminate() : other.close(),
      );
    }
  });
  return relay;
}

/** What a message carries: the `data` of its envelope, and an envelope with other data. */
export function openEnvelope(text: string): {
  data: Record<string, unknown>;
  withData(data: unknown): string;
} {
  const envelope = JSON.parse(text);
  return {
    data: envelope.data ?? {},
    withData: (data) => JSON.stringify({ ...envelope, data }),
  };
}
