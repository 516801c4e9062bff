// express with multer and ws. The token of forms is the app's own, and so is its check of Origin.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";
import express, { type NextFunction, type Request, type Response } from "express";
import * as common from "./common.ts";

const multer = createRequire(import.meta.url)("multer"); // it has no types

/** Users by session. */
const users = new Map<string, string>();

const app = express();
app.post(
  "/bytes",
  express.raw({ type: () => true, limit: "4mb" }),
  ({ body, headers }, response) => {
    response.json({ ...common.described(body ?? Buffer.alloc(0)), seen: common.seen(headers) });
  },
);
app.use(express.json(), express.urlencoded(), multer().single("file"), check);

app.get("/hello", ({ query, headers }, response) => {
  response.json({ name: query.name, seen: common.seen(headers) });
});
app.post("/json", ({ body, headers }, response) => {
  response.json({ text: body.text, seen: common.seen(headers) });
});
app.get("/form", (request, response) => showForm("text", request, response));
app.post("/form", (request, response) => got({ text: request.body.text }, request, response));
app.get("/upload", (request, response) => showForm("file", request, response));
app.post("/upload", (request, response) => {
  const { file } = request as Request & { file: { buffer: Uint8Array } };
  got(common.described(file.buffer), request, response);
});
app.get("/login", (request, response) => showForm("user", request, response));
app.post("/login", (request, response) => {
  users.set(sessionOf(request)!, request.body.user);
  response.redirect(303, "home");
});
app.get("/home", (request, response) => {
  const user = users.get(sessionOf(request) ?? "");
  if (user) got({ user }, request, response);
  else response.sendStatus(401);
});
app.get("/moved", (_request, response) => response.redirect("/landed?from=moved"));
app.get("/landed", (request, response) => got({ landed: request.query.from }, request, response));
app.get("/events", async (request, response) => {
  response.type("text/event-stream");
  for await (const part of common.events(request.get("last-event-id"))) response.write(part);
  response.end();
});

const server = createServer(app);
common.echo(server);
server.listen(Number(process.argv[2]), "127.0.0.1");

/** Refuses forms of other sites, and those without the session's token. */
function check(request: Request, response: Response, next: NextFunction): void {
  if (request.method !== "POST") return next();
  const isOwn = common.isSameOrigin(request.headers);
  const hasToken = request.path === "/json" || request.body?.token === sessionOf(request);
  if (isOwn && hasToken) next();
  else response.sendStatus(403);
}

function sessionOf({ headers }: Request): string | undefined {
  return /\bsession=([\w-]+)/.exec(headers.cookie ?? "")?.[1];
}

function showForm(field: "text" | "file" | "user", request: Request, response: Response): void {
  const session = sessionOf(request) ?? randomUUID();
  response.cookie("session", session, { httpOnly: true, sameSite: "strict" });
  response.send(common.form(field, session));
}

function got(value: object, { headers }: Request, response: Response): void {
  response.send(common.got({ ...value, seen: common.seen(headers) }));
}
