// Development part: the sample private backend that `npm start` and the tests tunnel to. It listens
// on 127.0.0.1 alone, so no other machine reaches it except through Lighthouse.
import { createCipheriv, createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate, setTimeout } from "node:timers/promises";

const KiB = 1024;
const MiB = 1024 * KiB;
const MAX_NOTES = 500;
const MAX_TEXT = 2000;
const MAX_NOTE_BODY = 16 * KiB;
const MAX_RECORDED = 1000;

/** Answers one request. What it throws, or rejects with, becomes a 500. */
export type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Options of {@linkcode startBackend}. */
export interface BackendOptions {
  /** Path of the JSON file that keeps the notes. A missing one is made at the first note. */
  file: string;
  /** TCP port on 127.0.0.1; 0 takes a free one. @default 0 */
  port?: number;
  /**
   * Further routes by method and path, such as `"GET /slow"` or `"GET /items/:id"`; they win over
   * the built-in ones. A GET route answers HEAD too.
   */
  routes?: Record<string, Route>;
}

/** One note as the API sends it. */
export interface Note {
  id: string;
  /** 1 to 2000 UTF-16 code units, without white space at either end. */
  text: string;
  /** When it was added: ISO 8601, UTC. */
  created: string;
}

/** A backend that runs. */
export interface Backend extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** The last 1000 requests, newest last; `path` is with the query. Tests may empty it. */
  readonly requests: { method: string; path: string }[];
  /** Ends open requests and frees the port. */
  close(): Promise<void>;
}

/**
 * Starts the sample backend on 127.0.0.1.
 *
 * | Route | Answer |
 * |---|---|
 * | `GET /api/notes` | a list of {@linkcode Note}, oldest first |
 * | `POST /api/notes` `{"text"}` | 201 and the note |
 * | `DELETE /api/notes/:id` | 204 |
 * | `GET /api/stream?lines=10&interval=250` | a line of text each `interval` ms |
 * | `GET /api/download?bytes=5242880` | so many pseudo-random bytes, always the same ones |
 * | `GET /api/hash?bytes=5242880` | `{bytes, sha256}` of what the download sends |
 * | `POST /api/upload` | `{bytes, sha256}` of the body |
 *
 * Errors are `{"error": {"code", "message"}}`.
 *
 * @throws {Error} when the file is no list of notes, or the port cannot be had.
 */
export async function startBackend(options: BackendOptions): Promise<Backend> {
  const notes = await NoteFile.open(options.file);
  const routes = { ...notesRoutes(notes), ...dataRoutes, ...options.routes };
  const requests: Backend["requests"] = [];

  const server = createServer((request, response) => {
    requests.push({ method: request.method ?? "", path: request.url ?? "" });
    if (requests.length > MAX_RECORDED) requests.shift();
    void answer(routes, request, response);
  });
  server.requestTimeout = 0; // a large upload over a slow path takes as long as it takes
  await listen(server, options.port ?? 0);

  const { port } = server.address() as AddressInfo;
  async function close(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
    await notes.settled();
  }
  return { url: `http://127.0.0.1:${port}`, port, requests, close, [Symbol.asyncDispose]: close };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? `port ${port} is in use` : cause.message;
      reject(new Error(`Cannot start the backend: ${why}`, { cause }));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
}

/** An answer other than success, thrown from within a route. */
class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function answer(
  routes: Record<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A visitor who leaves in the middle is an event of that one request only.
  request.on("error", () => {});
  response.on("error", () => {});
  response.setHeader("Cache-Control", "no-store");
  try {
    await findRoute(routes, request, response)(request, response);
  } catch (error) {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const { status, code, message } = error instanceof Refusal
      ? error
      : { status: 500, code: "internal", message: `Cannot answer: ${(error as Error).message}` };
    sendJson(response, status, { error: { code, message } });
    request.resume(); // throws away what is left of the body, so that the connection goes on
  }
}

function findRoute(
  routes: Record<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): Route {
  const { pathname } = urlOf(request);
  const allowed = new Set<string>();
  for (const [key, route] of Object.entries(routes).reverse()) {
    const [method = "", pattern = ""] = key.split(" ");
    if (!matches(pattern, pathname)) continue;
    allowed.add(method);
    if (method === "GET") allowed.add("HEAD");
    if (allowed.has(request.method ?? "")) return route;
  }
  if (allowed.size === 0) {
    throw new Refusal(404, "not_found", `Cannot find ${pathname}: there is no such path`);
  }
  const allow = [...allowed].sort().join(", ");
  response.setHeader("Allow", allow);
  throw new Refusal(
    405,
    "method_not_allowed",
    `Cannot ${request.method} ${pathname}: use one of ${allow}`,
  );
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  return wanted.length === given.length &&
    wanted.every((part, i) => part.startsWith(":") ? given[i] !== "" : part === given[i]);
}

function urlOf(request: IncomingMessage): URL {
  const url = URL.parse(`http://127.0.0.1${request.url}`);
  if (!url) throw new Refusal(400, "bad_url", "Cannot read the request's URL: it is malformed");
  return url;
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": bytes.length,
  });
  response.end(bytes);
}

/** A whole number from the query. @throws {Refusal} 400 when it is none, or out of bounds. */
function numberOf(
  request: IncomingMessage,
  name: string,
  { least, most, otherwise }: { least: number; most: number; otherwise: number },
): number {
  const text = urlOf(request).searchParams.get(name);
  if (text === null) return otherwise;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new Refusal(
    400,
    "bad_query",
    `Cannot use ${name}=${text}: give a whole number from ${least} to ${most}`,
  );
}

// The notes

function notesRoutes(notes: NoteFile): Record<string, Route> {
  return {
    "GET /api/notes": (_request, response) => sendJson(response, 200, notes.list()),
    "POST /api/notes": async (request, response) => {
      const text = parseNoteText(await readBody(request, MAX_NOTE_BODY));
      sendJson(response, 201, await notes.add(text));
    },
    "DELETE /api/notes/:id": async (request, response) => {
      await notes.remove(urlOf(request).pathname.split("/").at(-1)!);
      response.writeHead(204).end();
    },
  };
}

/** @throws {Refusal} 413 when there are more than `most` bytes. */
async function readBody(request: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Left undestroyed, so that the refusal still reaches the sender.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > most) {
      throw new Refusal(413, "too_large", `Cannot take the body: send at most ${most} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @throws {Refusal} 400 when it is not `{"text": "…"}` with 1 to 2000 characters. */
function parseNoteText(body: Buffer): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new Refusal(400, "bad_note", 'Cannot add the note: send JSON such as {"text": "…"}');
  }
  const text = (parsed as { text?: unknown } | null)?.text;
  if (typeof text !== "string") {
    throw new Refusal(400, "bad_note", 'Cannot add the note: send its text as a string in "text"');
  }
  const trimmed = text.trim();
  if (trimmed.length >= 1 && trimmed.length <= MAX_TEXT) return trimmed;
  const now = trimmed.length === 0 ? "it is empty" : `it has ${trimmed.length} characters`;
  throw new Refusal(400, "bad_note", `Cannot add the note: ${now}; write 1 to ${MAX_TEXT}`);
}

/** The notes, in memory and in a file that is whole at any moment. */
class NoteFile {
  readonly #file: string;
  #notes: readonly Note[];
  #last: Promise<unknown> = Promise.resolve();

  private constructor(file: string, notes: readonly Note[]) {
    this.#file = file;
    this.#notes = notes;
  }

  /** @throws {Error} when the file is there but no list of notes. */
  static async open(file: string): Promise<NoteFile> {
    try {
      return new NoteFile(file, parseNotes(JSON.parse(await readFile(file, "utf8"))));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return new NoteFile(file, []);
      throw new Error(
        `Cannot read the notes in ${file}: ${(cause as Error).message}. ` +
          "Repair the file, or delete it to begin with none",
        { cause },
      );
    }
  }

  list(): readonly Note[] {
    return this.#notes;
  }

  /** @throws {Refusal} 409 when there are 500 already. */
  async add(text: string): Promise<Note> {
    const note = { id: randomUUID(), text, created: new Date().toISOString() };
    await this.#change((notes) => {
      if (notes.length < MAX_NOTES) return [...notes, note];
      throw new Refusal(
        409,
        "full",
        `Cannot add the note: there are ${MAX_NOTES} already; delete some first`,
      );
    });
    return note;
  }

  /** @throws {Refusal} 404 when there is no note with that id. */
  remove(id: string): Promise<void> {
    return this.#change((notes) => {
      const rest = notes.filter((note) => note.id !== id);
      if (rest.length < notes.length) return rest;
      throw new Refusal(404, "not_found", `Cannot delete note ${id}: there is no such note`);
    });
  }

  /** Resolves when what was asked for until now is on disk. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /** Changes run one after the other, and show only once they are written. */
  #change(next: (notes: readonly Note[]) => readonly Note[]): Promise<void> {
    const change = this.#last.then(async () => {
      const notes = next(this.#notes);
      const temporary = `${this.#file}.${process.pid}.tmp`;
      await mkdir(dirname(this.#file), { recursive: true });
      await writeFile(temporary, JSON.stringify(notes, null, 2) + "\n", { mode: 0o600 });
      await rename(temporary, this.#file);
      this.#notes = notes;
    });
    this.#last = change.catch(() => {});
    return change;
  }
}

/** @throws {Error} with the place of what is wrong. */
function parseNotes(parsed: unknown): Note[] {
  if (!Array.isArray(parsed)) throw new Error("it is not a list");
  return parsed.map((note, i) => {
    for (const field of ["id", "text", "created"] as const) {
      if (typeof note?.[field] !== "string") throw new Error(`[${i}].${field} is not a string`);
    }
    return { id: note.id, text: note.text, created: note.created };
  });
}

// Streams and bulk data

const BYTES = { least: 0, most: 1024 * MiB, otherwise: 5 * MiB };
const CHUNK = new Uint8Array(64 * KiB);

const dataRoutes: Record<string, Route> = {
  "GET /api/stream": async (request, response) => {
    const lines = numberOf(request, "lines", { least: 1, most: 1000, otherwise: 10 });
    const interval = numberOf(request, "interval", { least: 0, most: 10_000, otherwise: 250 });
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" });
    for (let line = 1; line <= lines && request.method !== "HEAD"; line++) {
      if (line > 1) await setTimeout(interval, undefined, { signal: gone.signal });
      response.write(`line ${line} of ${lines}\n`);
    }
    response.end();
  },

  "GET /api/download": async (request, response) => {
    const bytes = numberOf(request, "bytes", BYTES);
    response.writeHead(200, {
      "Content-Type": "application/octet-stream",
      "Content-Length": bytes,
    });
    if (request.method === "HEAD") response.end();
    else await pipeline(Readable.from(pseudoRandom(bytes)), response);
  },

  "GET /api/hash": async (request, response) => {
    const bytes = numberOf(request, "bytes", BYTES);
    const hash = createHash("sha256");
    for (const chunk of pseudoRandom(bytes)) {
      hash.update(chunk);
      await setImmediate(); // lets other requests have their turn
      if (response.destroyed) return;
    }
    sendJson(response, 200, { bytes, sha256: hash.digest("hex") });
  },

  "POST /api/upload": async (request, response) => {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of request) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    sendJson(response, 200, { bytes, sha256: hash.digest("hex") });
  },
};

/** So many bytes of a fixed AES-CTR key stream: it never repeats, so chunks out of order show. */
function* pseudoRandom(bytes: number): Generator<Uint8Array> {
  const cipher = createCipheriv("aes-128-ctr", "lighthouse, demo", new Uint8Array(16));
  for (let left = bytes; left > 0; left -= CHUNK.length) {
    yield cipher.update(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK);
  }
}
