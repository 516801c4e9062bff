// Development part: serves the folder of a site in app mode as GitHub Pages would: 404.html for what is not there.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { listen } from "../testing/listen.ts";
import { explainPort } from "./page.ts";

const TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

/** A request that the server got. */
export interface AskedRequest {
  method: string;
  /** With its query. */
  path: string;
  body: string;
}

/** Options of {@linkcode startSiteServer}. */
export interface SiteServerOptions {
  folder: string;
  /** The site's path: the folder is served under it, and nothing else. @default "/" */
  path?: string;
  /** TCP port on 127.0.0.1. @default any free one */
  port?: number;
  onRequest?: (request: AskedRequest) => void;
}

/** A server of a site. */
export interface SiteServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without the site's path. */
  readonly origin: string;
}

/** Serves a folder. @throws {Error} If the port is not available. */
export async function startSiteServer(options: SiteServerOptions): Promise<SiteServer> {
  const { folder, path = "/", port = 0, onRequest } = options;
  const server = createServer(async (request, response) => {
    response.on("error", () => {}); // a client that disconnects early
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = "", url = "" } = request;
    onRequest?.({ method, path: url, body: Buffer.concat(chunks).toString() });
    const { pathname } = new URL(url, "http://static.invalid");
    const isInside = pathname.startsWith(path);
    // The parser of URLs has resolved "..", and its escapes stay escaped.
    const file = isInside
      ? pathname.slice(path.length).replace(/(^|\/)$/, "$1index.html")
      : undefined;
    const read = (file: string) => readFile(join(folder, file)).catch(() => undefined);
    // GitHub Pages finds notes.html for /notes, too.
    const found = file && (await read(file) ?? await read(`${file}.html`));
    const missing = async () =>
      isInside ? await readFile(join(folder, "404.html")).catch(() => "404") : "404";
    const type = found
      ? TYPES[extname(file!) || ".html"] ?? "application/octet-stream"
      : TYPES[".html"]!;
    const body = found || await missing();
    response.writeHead(found ? 200 : 404, { "content-type": type, "cache-control": "max-age=600" });
    response.end(method === "HEAD" ? undefined : body);
  });
  const { url, ...listening } = await listen(server, port).catch((cause) => {
    throw new Error(`Cannot serve the page: ${explainPort(cause, port)}`, { cause });
  });
  return { ...listening, origin: url };
}
