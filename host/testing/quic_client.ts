// A page's end of WebTransport, for tests, run by Deno. Each line of its input opens a stream, or ends the program:
// JSON with a URL, the certificate's hash, and what each of the streams of a new connection sends, in base64.
// It prints what becomes of the connection: `open`, each piece that arrives as `data`, `closed`.
declare const Deno: { stdin: { readable: ReadableStream<Uint8Array<ArrayBuffer>> } };

/** A connection to make. */
export interface QuicOrder {
  /** The caller's name for it, which each line about it has. */
  name: string;
  url: string;
  hash: string;
  streams: string[];
}

/** What has become of it. */
export interface QuicEvent {
  name: string;
  event: "open" | "data" | "closed";
  /** In base64. */
  data?: string;
}

const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
let rest = "";
for await (const text of input as unknown as AsyncIterable<string>) {
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) void connect(JSON.parse(line) as QuicOrder);
}

async function connect({ name, url, hash, streams }: QuicOrder): Promise<void> {
  const tell = (event: QuicEvent["event"], data?: string) =>
    console.log(JSON.stringify({ name, event, data } satisfies QuicEvent));
  try {
    const transport = new WebTransport(url, {
      serverCertificateHashes: [{ algorithm: "sha-256", value: bytesOf(hash) }],
    });
    const closed = transport.closed.catch(() => {});
    await transport.ready;
    tell("open");
    for (const bytes of streams) void send(transport, bytes, tell).catch(() => {});
    await closed;
  } catch {
    // It has not come about.
  }
  tell("closed");
}

async function send(
  transport: WebTransport,
  bytes: string,
  tell: (event: "data", data: string) => void,
): Promise<void> {
  const stream = await transport.createBidirectionalStream();
  await stream.writable.getWriter().write(bytesOf(bytes));
  const reader = stream.readable.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    tell("data", btoa(String.fromCharCode(...value as Uint8Array)));
  }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
