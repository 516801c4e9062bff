// The service that serves a folder, by the library send: GET and HEAD, ranges, ETag, MIME types,
// index.html, and nothing hidden.
//
// send wants a server's request and response. It gets real ones: a node:http server that listens
// nowhere, with a pair of streams in memory for each connection.
//
// What holds: a file is served when its real path, links followed, lies in the folder's real path at
// the moment of the request. The path that is then opened has no links in it; who can put one there
// in between, or a hard link at any time, can write to the folder as somebody on the laptop. Pages
// cannot: nothing here writes.
import { realpathSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { Agent, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isAbsolute, join, relative, sep } from "node:path";
import { type Duplex, duplexPair } from "node:stream";
import send from "send";
import { type HttpResponse, LighthouseError } from "../../wire/mod.ts";
import { restOf } from "../access/principal.ts";
import { errorResponse } from "./error_response.ts";
import { withoutHopByHop } from "./headers.ts";
import { HttpClient } from "./http_client.ts";
import type { Service } from "./service.ts";

/** The fields of a request that send looks at. */
const FIELDS = new Set([
  "cache-control",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "range",
]);

/** What send refuses a file with, and why. */
const REFUSALS: Record<number, string> = {
  412: "it is another version than If-Match or If-Unmodified-Since wants",
  416: "the range is not in it",
};

/** A path that leads to no file. */
const MISSING = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"]);

/**
 * Makes the service that serves a folder.
 *
 * @param prefix `/`, or such as `/files`.
 * @param folder Path of a folder that exists.
 */
export function serveFolder(prefix: string, folder: string): Service {
  const root = realpathSync(folder);
  const server = createServer((request, response) => sendFile(root, request, response));
  const client = new HttpClient(new MemoryAgent((end) => server.emit("connection", end)));

  return {
    prefix,
    async handler({ method, target, headers }, { signal }) {
      if (method !== "GET" && method !== "HEAD") {
        const message = `Cannot ${method} ${target}: this is a folder, which takes GET and HEAD`;
        return errorResponse(405, "bad-request", message, [["allow", "GET, HEAD"]]);
      }
      const [, path = "", query = ""] = /^([^?]*)(.*)$/s.exec(restOf(prefix, target))!;
      const found = await find(root, path);
      if (found === "folder") {
        const location = `${prefix === "/" ? "" : prefix}${path}/${query}`;
        return { status: 301, statusText: "", headers: [["location", location]], body: null };
      }
      if (!found) return missing(target);
      const { status, ...answer } = await client.send({
        url: new URL(found, "http://folder"),
        method,
        headers: [
          ["Host", "folder"],
          ...headers.filter(([name]) => FIELDS.has(name.toLowerCase())),
        ],
        body: null,
        length: 0,
      }, signal);
      const fields = withoutHopByHop(answer.headers);
      if (status < 400) return { status, ...answer, headers: fields };
      await answer.body?.cancel();
      if (status === 404) return missing(target);
      const message = `Cannot serve ${target}: ${REFUSALS[status] ?? "reading it failed"}`;
      const code = status < 500 ? "bad-request" : "backend-failed";
      return errorResponse(
        status,
        code,
        message,
        fields.filter(([name]) => name === "Content-Range"),
      );
    },
    close: () => client.close(),
  };
}

function missing(target: string): HttpResponse {
  return errorResponse(404, "not-found", `Cannot find ${target}: there is no such file`);
}

/**
 * Looks a path up. Resolves with the URL path of the file that is behind it once all links are
 * followed, "folder" where a slash is missing behind it, or undefined where there is nothing to serve.
 */
async function find(root: string, path: string): Promise<string | undefined> {
  const asked = namesOf(path);
  if (!asked) return undefined;
  const isFolder = path.endsWith("/");
  try {
    const real = await realpath(join(root, ...asked, isFolder ? "index.html" : ""));
    const names = relative(root, real).split(sep);
    // Out of the folder is hidden, too: it begins with "..", or on Windows with another drive.
    if (names.some(isHidden) || isAbsolute(relative(root, real))) return undefined;
    const kind = await stat(real);
    if (kind.isDirectory() && !isFolder) return "folder";
    // A pipe would keep its reader waiting for ever.
    return kind.isFile() ? `/${names.map(encodeURIComponent).join("/")}` : undefined;
  } catch (error) {
    if (MISSING.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw LighthouseError.from(error, "backend-failed");
  }
}

/** The names in a path as a page sends it, or undefined where one of them is none that is served. */
function namesOf(path: string): string[] | undefined {
  try {
    const names = path.split("/").slice(1).map(decodeURIComponent);
    if (path.endsWith("/")) names.pop();
    return names.some((name) => !name || isHidden(name) || /[/\\\0]/.test(name))
      ? undefined
      : names;
  } catch {
    return undefined;
  }
}

function isHidden(name: string): boolean {
  return name.startsWith(".");
}

function sendFile(root: string, request: IncomingMessage, response: ServerResponse): void {
  send(request, request.url!, { root, index: false })
    .on("error", ({ status = 500, headers = {} }) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(status, headers).end();
    })
    // Since it was looked up, the file has become a folder.
    .on("directory", () => response.writeHead(404).end())
    .pipe(response);
}

/** Makes connections within this process. */
class MemoryAgent extends Agent {
  readonly #accept: (end: Duplex) => void;

  /** @param accept Gets the server's end of each connection. */
  constructor(accept: (end: Duplex) => void) {
    super();
    this.#accept = accept;
  }

  override createConnection(): Duplex {
    const [near, far] = duplexPair();
    // Node.js 22 does not do so itself.
    near.on("close", () => far.destroy());
    this.#accept(far);
    return near;
  }
}
