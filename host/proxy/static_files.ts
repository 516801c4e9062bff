// The service for a folder: GET and HEAD, ranges, ETag, MIME types and index.html by the library send,
// without hidden files.
//
// send needs the request and response of a server. They come from a node:http server that does not
// listen; each connection is a pair of streams in memory.
//
// The rule: a file is served if its real path, with links followed, is in the folder's real path at the
// time of the request. The opened path has no links in it. Only somebody who can write to the folder on
// the laptop can put a link there afterwards, or a hard link; pages cannot, since nothing here writes.
import { realpathSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { Agent, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isAbsolute, join, relative, sep } from "node:path";
import { type Duplex, duplexPair } from "node:stream";
import send from "send";
import { type HeaderField, type HttpResponse, LighthouseError } from "../../wire/mod.ts";
import { restOf } from "../access/principal.ts";
import { readAnswer } from "./answer_headers.ts";
import { Backend } from "./backend.ts";
import type { CookieJars } from "./cookies.ts";
import { errorResponse } from "./error_response.ts";
import { pathInTunnel, workerPrefixOf } from "./forwarded.ts";
import { valuesOf } from "./headers.ts";
import { HttpClient } from "./http_client.ts";
import type { Service } from "./service.ts";
import type { Places } from "./turns.ts";

/** The request headers that send reads. */
const FIELDS = new Set([
  "cache-control",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "range",
]);

/**
 * Types of the documents that run scripts: HTML, and XML in all its kinds, such as SVG. What a PDF runs
 * stays in the browser's viewer for it, which no sandboxed document has.
 */
const DOCUMENT = /^(?:text\/html|(?:text|application)\/(?:xml|xsl)|[^;]*\+xml)\s*(?:;|$)/i;

/** Keeps browsers from taking a file for another type than its name has. */
const NOSNIFF: HeaderField = ["X-Content-Type-Options", "nosniff"];

/** The statuses with which send refuses a file, and their reasons. */
const REFUSALS: Record<number, string> = {
  412: "it is another version than If-Match or If-Unmodified-Since wants",
  416: "the range is not in it",
};

/** Error codes of Node.js for a path without a file. */
const MISSING = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"]);

/** Options of {@linkcode serveFolder}. */
export interface FolderOptions {
  /**
   * Whether documents may run scripts. They would run as the page's site, since the service worker serves
   * them there, and could use the tunnel. @default false
   */
  scripts?: boolean;
  /** The places for requests, which the host's services share. @default the service's own */
  places?: Places;
  /** The cookies that scripts set. @default new jars in memory */
  cookies?: CookieJars;
}

/** The URL under which the cookies of a folder's scripts are kept: no server has it. */
export const FOLDER = new URL("http://folder/");

/**
 * Makes the service that serves a folder.
 *
 * @param prefix `/`, or such as `/files`.
 * @param folder Path of an existing folder.
 */
export function serveFolder(
  prefix: string,
  folder: string,
  { scripts = false, places, cookies }: FolderOptions = {},
): Service {
  const root = realpathSync(folder);
  const server = createServer((request, response) => sendFile(root, request, response));
  const agent = new MemoryAgent((end) => server.emit("connection", end));
  const client = new HttpClient({ agents: { kept: agent, fresh: agent }, name: folder, places });

  return {
    prefix,
    documents: new Backend({ prefix, backend: FOLDER }, cookies).documents,
    async handler({ method, target, headers }, { signal, principal }) {
      if (method !== "GET" && method !== "HEAD") {
        const message = `Cannot ${method} ${target}: this is a folder, which takes GET and HEAD`;
        return errorResponse(405, "bad-request", message, [["allow", "GET, HEAD"], NOSNIFF]);
      }
      const [, path = "", query = ""] = /^([^?]*)(.*)$/s.exec(restOf(prefix, target))!;
      const found = await find(root, path);
      if (found === "folder") {
        const place = pathInTunnel({ prefix, workerPrefix: workerPrefixOf(headers) });
        const location = `${place}${path}/${query}`;
        return { status: 301, statusText: "", headers: [["location", location]], body: null };
      }
      if (!found) return missing(target);
      const { status, ...answer } = await client.send({
        url: new URL(found, FOLDER),
        method,
        headers: [
          ["Host", FOLDER.host],
          ...headers.filter(([name]) => FIELDS.has(name.toLowerCase())),
        ],
        body: null,
        length: undefined,
        principal,
      }, signal);
      const { headers: fields } = readAnswer(answer.headers);
      if (status < 400) {
        return { status, ...answer, headers: [...fields, ...protection(fields, scripts)] };
      }
      await answer.body?.cancel();
      if (status === 404) return missing(target);
      const message = `Cannot serve ${target}: ${REFUSALS[status] ?? "reading it failed"}`;
      const code = status < 500 ? "bad-request" : "backend-failed";
      const range = fields.filter(([name]) => name === "Content-Range");
      return errorResponse(status, code, message, [...range, NOSNIFF]);
    },
    close: () => client.close(),
  };
}

/** Headers that keep browsers from running what is in a file. */
function protection(fields: HeaderField[], scripts: boolean): HeaderField[] {
  const [type = ""] = valuesOf(fields, "content-type");
  const isSandboxed = !scripts && DOCUMENT.test(type);
  return isSandboxed ? [NOSNIFF, ["Content-Security-Policy", "sandbox"]] : [NOSNIFF];
}

function missing(target: string): HttpResponse {
  const message = `Cannot find ${target}: there is no such file`;
  return errorResponse(404, "not-found", message, [NOSNIFF]);
}

/**
 * Looks a path up with links followed. Resolves with the URL path of the file, with "folder" if the path
 * is a folder's without its final slash, or with undefined if there is nothing to serve.
 */
async function find(root: string, path: string): Promise<string | undefined> {
  const asked = namesOf(path);
  if (!asked) return undefined;
  const isFolder = path.endsWith("/");
  try {
    const real = await realpath(join(root, ...asked, isFolder ? "index.html" : ""));
    const names = relative(root, real).split(sep);
    // A path out of the folder counts as hidden: it begins with "..", or on Windows with a drive.
    if (names.some(isHidden) || isAbsolute(relative(root, real))) return undefined;
    const kind = await stat(real);
    if (kind.isDirectory() && !isFolder) return "folder";
    // Reading a named pipe would wait forever.
    return kind.isFile() ? `/${names.map(encodeURIComponent).join("/")}` : undefined;
  } catch (error) {
    if (MISSING.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw LighthouseError.from(error, "backend-failed");
  }
}

/** The names in a page's path, or undefined if one of them is never served. */
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
    // The file has become a folder since it was looked up.
    .on("directory", () => response.writeHead(404).end())
    .pipe(response);
}

/** Connects to a server in this process, by streams in memory. */
class MemoryAgent extends Agent {
  readonly #accept: (end: Duplex) => void;

  /** @param accept Takes the server's end of each connection. */
  constructor(accept: (end: Duplex) => void) {
    super();
    this.#accept = accept;
  }

  override createConnection(): Duplex {
    const [near, far] = duplexPair();
    // Node.js 22 does not close the other end itself.
    near.on("close", () => far.destroy());
    this.#accept(far);
    return near;
  }
}
