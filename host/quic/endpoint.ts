// The host's QUIC endpoint, a program of its own that Deno runs, since Node.js has no QUIC yet. It hands each
// stream of a page's WebTransport connection on to the host, byte for byte, as a TCP connection within this
// machine, and knows no secret but the key of its certificate.
//
//     deno run --unstable-net --allow-ffi --allow-net=[::]:0,127.0.0.1:8000 endpoint.ts
//
// The standard input brings one line of JSON, EndpointSettings, and the first line of the output is one,
// EndpointReady. The program ends when its input does. Its congestion control is BBR, which random losses do
// not slow down: https://docs.deno.com/api/deno/~/Deno.QuicTransportOptions
import type { EndpointReady, EndpointSettings } from "./endpoint_process.ts";

/** The part of Deno that this file uses. */
declare const Deno: {
  stdin: { readable: ReadableStream<Uint8Array<ArrayBuffer>> };
  exit(code: number): never;
  build: { os: string };
  permissions: { revokeSync(permission: { name: "ffi" }): void };
  dlopen(name: string, symbols: { setsockopt: typeof SETSOCKOPT }): {
    symbols: { setsockopt(...values: [number, number, number, Int32Array, number]): number };
    close(): void;
  };
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
  remoteAddr: { hostname: string };
  closed: Promise<unknown>;
  close(info: { closeCode: number; reason: string }): void;
}

interface Transport {
  ready: Promise<unknown>;
  closed: Promise<unknown>;
  incomingBidirectionalStreams: ReadableStream<Duplex>;
  close(): void;
}

/** Most connections at once, and of one address: a page opens eight, and a household has one address. */
const MAX_CONNECTIONS = 256;
const MAX_OF_ADDRESS = 64;

/** Most streams of a connection; a page opens fewer. Browsers open three for HTTP/3. */
const MAX_STREAMS = 16;
const MAX_OWN_STREAMS = 8;

/** Time for a handshake and the first stream, and silence after which a connection is over, in ms. */
const OPEN_MS = 5_000;
const IDLE_MS = 30_000;

/** Time for pages to hear that the host ends, in ms: they would notice after much longer. */
const CLOSE_MS = 100;

/** The socket's buffer for packets that have come, in bytes: Linux gives 208 KiB to who does not ask. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;
const SETSOCKOPT = { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" } as const;

/** Descriptors among which the socket is: it is one of the first that this program opens. */
const MAX_DESCRIPTOR = 64;

/** A connection may end at any moment, and a promise of it that nobody awaits then rejects. */
addEventListener("unhandledrejection", (event) => event.preventDefault());

const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
const { certificate, key, port, target } = JSON.parse(await readLine()) as EndpointSettings;
const endpoint = bind();
enlargeBuffer();
console.log(JSON.stringify({ port: endpoint.addr.port } satisfies EndpointReady));
void endWithInput();

let open = 0;
/** Connections whose handshake is over, by their address. */
const openOf = new Map<string, number>();
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
  incoming.accept().then(admit).catch(() => {}).finally(() => open--);
}

/** Serves a connection, unless its address has as many as it may. */
async function admit(connection: Connection): Promise<void> {
  const { hostname } = connection.remoteAddr;
  const others = openOf.get(hostname) ?? 0;
  if (others >= MAX_OF_ADDRESS) return connection.close({ closeCode: 0, reason: "" });
  openOf.set(hostname, others + 1);
  await serve(connection).finally(() => {
    const left = openOf.get(hostname)! - 1;
    if (left > 0) openOf.set(hostname, left);
    else openOf.delete(hostname);
  });
}

/** Both kinds of addresses in one socket, or IPv4 where this machine has no IPv6. */
function bind() {
  try {
    return new Deno.QuicEndpoint({ hostname: "::", port });
  } catch {
    return new Deno.QuicEndpoint({ hostname: "0.0.0.0", port });
  }
}

/**
 * Asks Linux for a larger buffer (socket(7); it gives net.core.rmem_max at most): a page's packets come in bursts,
 * and its browser's QUIC slows down for each that finds no room. Deno has no call for that.
 */
function enlargeBuffer(): void {
  if (Deno.build.os === "linux") {
    const [SOL_SOCKET, SO_RCVBUF] = [1, 8];
    const size = new Int32Array([RECEIVE_BUFFER]);
    try {
      const libc = Deno.dlopen("libc.so.6", { setsockopt: SETSOCKOPT });
      // What is no socket refuses, and others may have a larger buffer, too.
      for (let descriptor = 3; descriptor < MAX_DESCRIPTOR; descriptor++) {
        libc.symbols.setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, size, size.byteLength);
      }
      libc.close();
    } catch {
      // Another C library: uploads are slower.
    }
  }
  Deno.permissions.revokeSync({ name: "ffi" });
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
