// Node's own http server, without a framework. It takes no form without the token of its cookie, and
// nothing from other origins.
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import process from "node:process";
import { buffer } from "node:stream/consumers";
import * as common from "./common.ts";

/** Users by session. */
const users = new Map<string, string>();

const FORMS = { "/form": "text", "/upload": "file", "/login": "user" } as const;

const server = createServer((request, response) => void answer(request, response));
common.echo(server);
server.listen(Number(process.argv[2]), "127.0.0.1");

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url!, "http://localhost");
  const seen = common.seen(request.headers);
  const session = /\bsession=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
  const refuse = (status: number) => void response.writeHead(status).end();
  const got = (value: object) => void response.end(common.got({ ...value, seen }));
  const redirect = (location: string) => void response.writeHead(303, { location }).end();
  const json = (value: object) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
  };
  response.setHeader("content-type", "text/html; charset=utf-8");

  if (request.method === "POST") {
    const body = await buffer(request);
    if (!common.isSameOrigin(request.headers)) return refuse(403);
    if (pathname === "/json") return json({ text: JSON.parse(body.toString()).text, seen });
    if (pathname === "/bytes") return json({ ...common.described(body), seen });
    const headers = { "content-type": request.headers["content-type"]! };
    const fields = await new Response(body, { headers }).formData();
    if (!session || fields.get("token") !== session) return refuse(403);
    if (pathname === "/form") return got({ text: fields.get("text") });
    if (pathname === "/upload") {
      return got(common.described(await (fields.get("file") as File).bytes()));
    }
    users.set(session, fields.get("user") as string);
    return redirect("./home");
  }
  switch (pathname) {
    case "/hello":
      return json({ name: searchParams.get("name"), seen });
    case "/form":
    case "/upload":
    case "/login": {
      const token = session ?? randomUUID();
      response.setHeader("set-cookie", `session=${token}; HttpOnly; SameSite=Strict`);
      return void response.end(common.form(FORMS[pathname], token));
    }
    case "/home":
      return users.has(session!) ? got({ user: users.get(session!) }) : refuse(401);
    case "/moved":
      return redirect("./landed?from=moved");
    case "/landed":
      return got({ landed: searchParams.get("from") });
    case "/events": {
      response.setHeader("content-type", "text/event-stream");
      const last = request.headers["last-event-id"] as string | undefined;
      for await (const part of common.events(last)) response.write(part);
      return void response.end();
    }
    default:
      return refuse(404);
  }
}
