// Development part: the sample private backend that `npm start` and the tests tunnel to. It listens
// on 127.0.0.1 alone, so no other machine reaches it except through Lighthouse.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { appRoutes } from "./backend_app.ts";
import { dataRoutes } from "./backend_data.ts";
import { mediaRoutes } from "./backend_media.ts";
import { NoteFile, notesRoutes } from "./backend_notes.ts";
import { Refusal, type Route, sendJson, urlOf } from "./backend_route.ts";

const MAX_RECORDED = 1000;

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

/** A backend that runs. */
export interface Backend extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** The last 1000 requests, newest last; `path` is with the query, `range` that field. Tests may empty it. */
  readonly requests: { method: string; path: string; range?: string }[];
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
 * | `GET /api/events?interval=1000` | an event (`text/event-stream`) each `interval` ms, with the time |
 * | `GET /media/picture.svg` | a picture |
 * | `GET /media/film.webm` | a film of 60 s and 24 MiB, in ranges |
 * | `GET`, `POST /wishes` | a page with a form, which comes back by a redirect |
 * | `GET /app/` | a web app of 83 files |
 *
 * Errors are `{"error": {"code", "message"}}`.
 *
 * @throws {Error} when the file is no list of notes, or the port cannot be had.
 */
export async function startBackend(options: BackendOptions): Promise<Backend> {
  const notes = await NoteFile.open(options.file);
  const routes = {
    ...notesRoutes(notes),
    ...dataRoutes,
    ...mediaRoutes(),
    ...appRoutes,
    ...options.routes,
  };
  const requests: Backend["requests"] = [];

  const server = createServer((request, response) => {
    const { method = "", url: path = "", headers: { range } } = request;
    requests.push({ method, path, ...range && { range } });
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
