// hono on @hono/node-server, with its own middleware against other sites' forms and its signed cookies.
// The packages lie in the folder of the second argument.
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import * as common from "./common.ts";

const [, , port, folder] = process.argv;
const load = createRequire(join(folder!, "package.json"));
const { Hono } = load("hono");
const { getSignedCookie, setSignedCookie } = load("hono/cookie");
const { csrf } = load("hono/csrf");
const { stream } = load("hono/streaming");
const { serve } = load("@hono/node-server");
const { createNodeWebSocket } = load("@hono/node-ws");

const KEY = "a key for tests, which protects nothing";

/** The members of hono's Context that the routes use. */
interface Context {
  req: {
    query(name: string): string;
    header(): Record<string, string>;
    arrayBuffer(): Promise<ArrayBuffer>;
    json(): Promise<{ text: string }>;
    parseBody(): Promise<{ text: string; user: string; file: File }>;
  };
  header(name: string, value: string): void;
  html(text: string): Response;
  json(value: object): Response;
  redirect(location: string, status?: number): Response;
  text(text: string, status: number): Response;
}

const app = new Hono();
const { injectWebSocket, upgradeWebSocket } = createNodeWebSocket({ app });
app.use(csrf());

app.get("/hello", (context: Context) =>
  context.json({
    name: context.req.query("name"),
    seen: common.seen(context.req.header()),
  }));
app.post("/json", async (context: Context) =>
  context.json({
    text: (await context.req.json()).text,
    seen: common.seen(context.req.header()),
  }));
app.post("/bytes", async (context: Context) =>
  context.json({
    ...common.described(new Uint8Array(await context.req.arrayBuffer())),
    seen: common.seen(context.req.header()),
  }));
app.get("/form", (context: Context) => context.html(common.form("text")));
app.post("/form", async (context: Context) => {
  const { text } = await context.req.parseBody();
  return got(context, { text });
});
app.get("/upload", (context: Context) => context.html(common.form("file")));
app.post("/upload", async (context: Context) => {
  const { file } = await context.req.parseBody();
  return got(context, common.described(await file.bytes()));
});
app.get("/login", (context: Context) => context.html(common.form("user")));
app.post("/login", async (context: Context) => {
  const { user } = await context.req.parseBody();
  await setSignedCookie(context, "user", user, KEY, { httpOnly: true, sameSite: "Strict" });
  return context.redirect("home", 303);
});
app.get("/home", async (context: Context) => {
  const user = await getSignedCookie(context, KEY, "user");
  return user ? got(context, { user }) : context.text("Log in first", 401);
});
app.get("/moved", (context: Context) => context.redirect("/landed?from=moved"));
app.get("/landed", (context: Context) => got(context, { landed: context.req.query("from") }));
app.get("/events", (context: Context) => {
  context.header("Content-Type", "text/event-stream");
  return stream(context, async (out: { write(part: string): Promise<void> }) => {
    const parts = common.events(context.req.header()["last-event-id"]);
    for await (const part of parts) await out.write(part);
  });
});
app.use("/socket", async (context: Context, next: () => Promise<void>) => {
  if (!common.isSameOrigin(context.req.header())) return context.text("Not from here", 403);
  await next();
});
app.get(
  "/socket",
  upgradeWebSocket(() => ({
    onMessage: ({ data }: MessageEvent, socket: WebSocket) => socket.send(data),
  })),
);

injectWebSocket(serve({ fetch: app.fetch, port: Number(port), hostname: "127.0.0.1" }));

function got(context: Context, value: object): Response {
  return context.html(common.got({ ...value, seen: common.seen(context.req.header()) }));
}
