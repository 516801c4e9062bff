// For tests: a third-party app: express with static files, compression and multer.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createRequire } from "node:module";
import { listen } from "../../tools/testing/listen.ts";

// These packages have no types.
const require = createRequire(import.meta.url);
const compression = require("compression");
const express = require("express");
const multer = require("multer");

/** A running app. */
export interface ExpressApp {
  readonly url: URL;
  readonly server: Server;
  close(): Promise<void>;
}

/** The members of express's Request and Response that the routes use. */
interface Request extends IncomingMessage {
  body: { text?: string };
  files: { originalname: string; size: number; buffer: Uint8Array }[];
  protocol: string;
  host: string;
  ip: string;
}
interface Response {
  json(value: unknown): void;
  send(text: string): void;
  cookie(name: string, value: string, options: object): Response;
  redirect(url: string): void;
}

/**
 * Starts the app on 127.0.0.1.
 *
 * | Route | Answer |
 * |---|---|
 * | `GET /static/…` | the folder's files |
 * | `POST /upload` with `text` and `files` | `{text, files: [{name, size, sha256}]}` |
 * | `GET /whoami` | `{protocol, host, ip}`, as express sees them |
 * | `GET /login` | sets the cookie `session`, and redirects to `/static/` |
 * | `GET /cookie` | the `Cookie` header, or null |
 * | `GET /hello` | `hello` |
 *
 * @param folder Path of the static files.
 */
export async function startExpressApp(folder: string): Promise<ExpressApp> {
  const app = express();
  app.set("trust proxy", true);
  app.use(compression({ threshold: 0 }));
  app.use("/static", express.static(folder));
  const upload = multer({ storage: multer.memoryStorage() }).array("files");
  app.post("/upload", upload, ({ body, files }: Request, response: Response) => {
    const described = files.map(({ originalname, size, buffer }) => ({
      name: originalname,
      size,
      sha256: createHash("sha256").update(buffer).digest("hex"),
    }));
    response.json({ text: body.text, files: described });
  });
  app.get("/whoami", ({ protocol, host, ip }: Request, response: Response) => {
    response.json({ protocol, host, ip });
  });
  app.get("/login", (_request: Request, response: Response) => {
    response.cookie("session", "1", { httpOnly: true, secure: true }).redirect("/static/");
  });
  app.get("/cookie", ({ headers }: Request, response: Response) => {
    response.json(headers.cookie ?? null);
  });
  app.get("/hello", (_request: Request, response: Response) => response.send("hello"));

  const server = createServer(app);
  const { url, close } = await listen(server);
  return { url: new URL(url), server, close };
}
