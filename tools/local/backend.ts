// Development part: the sample private backend behind the tunnel of `npm start` and the tests. It listens
// on 127.0.0.1 only, so other machines reach it only through Lighthouse.
import express, { type ErrorRequestHandler, type Router } from "express";
import { createServer } from "node:http";
import { listen } from "../testing/listen.ts";
import { appRouter } from "./backend_app.ts";
import { dataRouter } from "./backend_data.ts";
import { mediaRouter } from "./backend_media.ts";
import { NoteFile, notesRouter } from "./backend_notes.ts";
import type { Route } from "./backend_route.ts";
import { Refusal } from "./refusal.ts";

const MAX_RECORDED = 1000;

/** Options of {@linkcode startBackend}. */
export interface BackendOptions {
  /** Path of the notes' JSON file. The first note creates a missing file. */
  file: string;
  /** TCP port on 127.0.0.1; 0 takes a free one. @default 0 */
  port?: number;
  /**
   * Further routes by method and path in express's syntax, such as `"GET /slow"` or `"GET /items/:id"`.
   * They precede the built-in ones. A GET route answers HEAD, too.
   */
  routes?: Record<string, Route>;
}

/** A running backend. */
export interface Backend extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /**
   * The last 1000 requests, newest last. `path` includes the query; `range` is that header. Tests may
   * empty the list.
   */
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
 * | `GET /api/download?bytes=5242880` | pseudo-random bytes, the same for each request |
 * | `GET /api/hash?bytes=5242880` | `{bytes, sha256}` of the download |
 * | `POST /api/upload` | `{bytes, sha256}` of the body |
 * | `GET /api/events?interval=1000` | an event (`text/event-stream`) each `interval` ms, with the time |
 * | `GET /media/picture.svg` | a picture |
 * | `GET /media/film.webm` | a film of 60 s and 24 MiB, in ranges |
 * | `GET`, `POST /wishes` | a page with a form, which redirects to the page |
 * | `GET /app/` | a web app of 83 files |
 *
 * Errors are `{"error": {"code", "message"}}`.
 *
 * @throws {Error} If the file is not a list of notes, or the port is not available.
 */
export async function startBackend(options: BackendOptions): Promise<Backend> {
  const notes = await NoteFile.open(options.file);
  const requests: Backend["requests"] = [];

  const app = express();
  app.disable("x-powered-by").disable("etag");
  app.use((request, response, next) => {
    const { method, url: path, headers: { range } } = request;
    requests.push(range ? { method, path, range } : { method, path });
    if (requests.length > MAX_RECORDED) requests.shift();
    response.on("error", () => {}); // a client that disconnects ends only its request
    response.set("Cache-Control", "no-store");
    next();
  });
  app.use(routerOf(options.routes ?? {}));
  app.use(notesRouter(notes), dataRouter(), mediaRouter(), appRouter());
  app.use(({ path }) => {
    throw new Refusal(404, "not_found", `Cannot find ${path}`);
  });
  app.use(sendError);

  const server = createServer(app);
  server.requestTimeout = 0; // a large upload over a slow path takes as long as it takes
  const listening = await listen(server, options.port).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "EADDRINUSE" ? `port ${options.port} is in use` : cause.message;
    throw new Error(`Cannot start the backend: ${why}`, { cause });
  });
  async function close(): Promise<void> {
    await listening.close();
    await notes.settled();
  }
  return { ...listening, requests, close, [Symbol.asyncDispose]: close };
}

function routerOf(routes: Record<string, Route>): Router {
  const router = express.Router({ strict: true });
  for (const [key, route] of Object.entries(routes)) {
    const [method = "", path = ""] = key.split(" ");
    router[method.toLowerCase() as "get"](path, route);
  }
  return router;
}

/** Codes of express's own errors. */
const CODES: Record<number, string> = { 400: "bad_request", 413: "too_large", 416: "bad_range" };

/** Answers for a route that threw. Express recognises an error handler by its four parameters. */
const sendError: ErrorRequestHandler = (error, request, response, _next) => {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { status = 500, headers = {} } = error;
  const code = error instanceof Refusal ? error.code : CODES[status] ?? "internal";
  const message = error instanceof Refusal ? error.message : `Cannot answer: ${error.message}`;
  response.status(status).set(headers).json({ error: { code, message } });
  request.resume(); // discards the rest of the body, so that the connection stays usable
};
