// The host's QUIC endpoint, a program of its own that Deno runs, since Node.js has no QUIC yet. It hands each
// stream of a page's WebTransport connection on to the host, byte for byte, as a TCP connection within this
// machine, and knows no secret but the key of its certificate.
//
//     deno run --unstable-net --allow-net=[::]:0,127.0.0.1:8000 endpoint.ts
//
// The standard input brings one line of JSON, EndpointSettings, and the first line of the output is one,
// EndpointReady. The program ends when its input does. Its congestion control is BBR, which random losses do
// not slow down: https://docs.deno.com/api/deno/~/Deno.QuicTransportOptions
import type { EndpointReady, EndpointSettings } from "./endpoint_process.ts";

/** The part of Deno that this file uses. */
declare const Deno: {
  stdin: { readable: ReadableStream<Uint8Array<ArrayBuffer>> };
  exit(code: number): never;
  connect(options: { hostname: string; port: number }): Promise<Socket>;
  upgradeWebTransport(connection: Connection): Promise<Transport>;
  QuicEndpoint: new (options: { hostname: string; port: number }) => {
    addr: { port: number };
    close(info: { closeCode: number; reason: string }): void;
    listen(options: {
      cert: string;
      key: string;
      alpnProtocols: string[];
      congestionControl: "low-latency";
      maxIdleTimeout: number;
      maxConcurrentBidirectionalStreams: number;
      maxConcurrentUnidirectionalStreams: number;
    }): AsyncIterable<{ accept(): Promise<Connection>; refuse(): void }>;
  };
};

interface Duplex {
  readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  writable: WritableStream<Uint8Array<ArrayBuffer>>;
}

interface Socket extends Duplex {
  setNoDelay(): void;
  close(): void;
}

interface Connection {
  closed: Promise<unknown>;
  close(info: { closeCode: number; reason: string }): void;
}

interface Transport {
  ready: Promise<unknown>;
  closed: Promise<unknown>;
  incomingBidirectionalStreams: ReadableStream<Duplex>;
  close(): void;
}

/** Most connections at once, and most streams of one; a page opens fewer. Browsers open three for HTTP/3. */
const MAX_CONNECTIONS = 128;
const MAX_STREAMS = 16;
const MAX_OWN_STREAMS = 8;

/** Time for a handshake and the first stream, and silence after which a connection is over, in ms. */
const OPEN_MS = 5_000;
const IDLE_MS = 30_000;

/** Time for pages to hear that the host ends, in ms: they would notice after much longer. */
const CLOSE_MS = 100;

/** A connection may end at any moment, and a promise of it that nobody awaits then rejects. */
addEventListener("unhandledrejection", (event) => event.preventDefault());

const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
const { certificate, key, port, target } = JSON.parse(await readLine()) as EndpointSettings;
const endpoint = bind();
console.log(JSON.stringify({ port: endpoint.addr.port } satisfies EndpointReady));
void endWithInput();

let open = 0;
const listener = endpoint.listen({
  cert: certificate,
  key,
  alpnProtocols: ["h3"],
  congestionControl: "low-latency",
  maxIdleTimeout: IDLE_MS,
  maxConcurrentBidirectionalStreams: MAX_STREAMS,
  maxConcurrentUnidirectionalStreams: MAX_OWN_STREAMS,
});
for await (const incoming of listener) {
  if (open >= MAX_CONNECTIONS) {
    incoming.refuse();
    continue;
  }
  open++;
  incoming.accept().then(serve).catch(() => {}).finally(() => open--);
}

/** Both kinds of addresses in one socket, or IPv4 where this machine has no IPv6. */
function bind() {
  try {
    return new Deno.QuicEndpoint({ hostname: "::", port });
  } catch {
    return new Deno.QuicEndpoint({ hostname: "0.0.0.0", port });
  }
}

async function serve(connection: Connection): Promise<void> {
  const timer = setTimeout(() => connection.close({ closeCode: 0, reason: "" }), OPEN_MS);
  try {
    const transport = await Deno.upgradeWebTransport(connection);
    await transport.ready;
    transport.closed.catch(() => {});
    for await (const stream of transport.incomingBidirectionalStreams) {
      clearTimeout(timer);
      void handOn(stream, transport);
    }
  } finally {
    clearTimeout(timer);
    try {
      connection.close({ closeCode: 0, reason: "" });
    } catch {
      // It is closed.
    }
  }
}

/** Connects a stream with the host. The end of one of them is the end of the page's connection. */
async function handOn(stream: Duplex, transport: Transport): Promise<void> {
  try {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port: target });
    socket.setNoDelay();
    await Promise.any([
      stream.readable.pipeTo(socket.writable),
      socket.readable.pipeTo(stream.writable),
    ]);
  } catch {
    // Of either end.
  }
  try {
    transport.close();
  } catch {
    // It is closed.
  }
}

async function readLine(): Promise<string> {
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await input.read();
    if (done) Deno.exit(0);
    text += value;
  }
  return text;
}

async function endWithInput(): Promise<void> {
  while (!(await input.read()).done);
  endpoint.close({ closeCode: 0, reason: "" });
  setTimeout(() => Deno.exit(0), CLOSE_MS);
}
