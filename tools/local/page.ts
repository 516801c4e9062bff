// Development part: serves docs/demo or another page as GitHub Pages would, from an origin other than the
// backend's, with the local relay's address in it.
import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { listen } from "../testing/listen.ts";

const DEMO_FOLDER = fileURLToPath(new URL("../../docs/demo/", import.meta.url));
const ELEMENT_FOLDER = fileURLToPath(new URL("../../components/dist/", import.meta.url));
const ELEMENT_FILES = ["lighthouse-tunnel.js", "lighthouse-worker.js"];
const SITE_FILES = ["code_detector.js"];

/** The placeholder for the relay in the demo and in examples/. */
const DEMO_RELAY = "wss://YOUR-API.execute-api.us-east-1.amazonaws.com";

const TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
};

/** Options of {@linkcode startPage}. */
export interface PageOptions {
  /** Called at each request for the page: returns the `relay` attribute's `ws://…` address. */
  relay: () => string;
  /** Value for the `stun` attribute. @default "none" */
  stun?: string;
  /** Value for the `host-key` attribute. @default no attribute */
  hostKey?: string;
  /** Value for the `host` attribute. @default no attribute */
  host?: string;
  /** Called at each request: returns the `registry` attribute; undefined omits it. */
  registry?: () => string | undefined;
  /** Further addresses that the page's policy allows, besides the relay. */
  connect?: string[];
  /** TCP port on 127.0.0.1; 0 takes a free one. @default 0 */
  port?: number;
  /** The page's folder. @default docs/demo */
  folder?: string;
  /** Folder with the built element and worker. @default components/dist of this repository */
  elementFolder?: string;
}

/** A page server. */
export interface Page extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  readonly port: number;
  /** The page's origins in a browser on this machine, for the gateway's list. */
  readonly origins: string[];
  /** Ends open requests and frees the port. */
  close(): Promise<void>;
}

/** An answer to one request. */
interface Answer {
  status: number;
  type: string;
  body: Uint8Array | string;
}

/**
 * Serves the demo page and the built element on 127.0.0.1.
 *
 * @throws {Error} If the port is not available; if it is in use, with the command for another.
 */
export async function startPage(options: PageOptions): Promise<Page> {
  const server = createServer((request, response) => void answer(options, request, response));
  const wish = options.port ?? 0;
  const listening = await listen(server, wish).catch((cause) => {
    throw new Error(`Cannot serve the page: ${explainPort(cause, wish)}`, { cause });
  });
  const { url, port } = listening;
  return { ...listening, url: `${url}/`, origins: [url, `http://localhost:${port}`] };
}

/** Why a server cannot have a port, and what to do. */
export function explainPort(error: NodeJS.ErrnoException, port: number): string {
  if (error.code !== "EADDRINUSE") return error.message;
  // The next port is that of the relay of whoever has this one.
  const other = port < 65_525 ? port + 10 : port - 10;
  return `port ${port} is in use. Choose another: PORT=${other} npm start`;
}

async function answer(
  options: PageOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.on("error", () => {}); // a client that disconnects early
  const { status, type, body } = await find(options, request).catch((error: Error) =>
    text(500, `Cannot serve the page: ${error.message}`)
  );
  if (status === 405) response.setHeader("Allow", "GET, HEAD");
  response.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    // Browsers revalidate the page each time, but may keep it for the Back button.
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(body); // Node omits the body of a HEAD request
}

async function find(options: PageOptions, request: IncomingMessage): Promise<Answer> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return text(405, "Cannot do that here: use GET or HEAD");
  }
  const path = request.url?.split("?")[0] ?? "/";
  const name = path === "/" ? "index.html" : path.slice(1);
  const type = TYPES[extname(name)] ?? "application/octet-stream";

  const built = ELEMENT_FILES.includes(name) ? name : SITE_FILES.includes(name) && `site/${name}`;
  if (built) {
    const file = join(options.elementFolder ?? ELEMENT_FOLDER, built);
    const body = await readFile(file).catch(() => undefined);
    if (body) return { status: 200, type, body };
    return text(404, `Cannot find ${name}: build it with "npm run build"`);
  }
  const { folder = DEMO_FOLDER } = options;
  // Paths come from the folder's list, so they cannot lead out of the folder.
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/"));
  if (!paths.includes(name)) {
    return text(404, "Cannot find the file");
  }
  const body = await readFile(join(folder, name));
  if (extname(name) === ".js") {
    // A framework's build has the element in its script.
    const script = body.toString().replaceAll(`${DEMO_RELAY}/prod`, options.relay());
    return { status: 200, type, body: script };
  }
  if (extname(name) !== ".html") return { status: 200, type, body };
  const { relay, hostKey, stun = "none", connect = [] } = options;
  const registry = options.registry?.();
  const values = { relay: relay(), stun, "host-key": hostKey, host: options.host, registry };
  // The remaining relay address is in the page's Content-Security-Policy.
  const page = withAttributes(body.toString(), values)
    .replaceAll(
      DEMO_RELAY,
      [
        URL.parse(values.relay)?.origin ?? DEMO_RELAY,
        ...registry ? [new URL(registry).origin] : [],
        ...connect,
      ]
        .join(" "),
    );
  return { status: 200, type, body: page };
}

/** Replaces the attributes of the element's start tag. */
function withAttributes(html: string, values: Record<string, string | undefined>): string {
  return html.replace(/<lighthouse-tunnel\b[^>]*>/, (tag) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) continue;
      const without = tag.replace(new RegExp(`\\s*\\b${name}="[^"]*"`), "");
      tag = without.replace(/\s*>$/, () => ` ${name}="${escape(value)}">`);
    }
    return tag;
  });
}

function escape(value: string): string {
  return value.replace(/[&"<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function text(status: number, message: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body: message + "\n" };
}
