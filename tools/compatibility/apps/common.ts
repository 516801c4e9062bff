// The parts that the apps in Node.js share. The routes are those of ../contract.ts.
import { createHash } from "node:crypto";
import type { IncomingHttpHeaders, Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocketServer } from "ws";
import type { Seen } from "../contract.ts";

/** Tells the driver the headers that say who asks, and how the body came. */
export function seen(headers: IncomingHttpHeaders): Seen {
  return {
    host: headers.host ?? null,
    origin: headers.origin ?? null,
    referer: headers.referer ?? null,
    length: headers["content-length"] ?? null,
    chunked: "transfer-encoding" in headers,
    forwarded: Object.keys(headers)
      .filter((name) => /^(x-forwarded|forwarded|x-real-ip)/.test(name)),
  };
}

/** Whether a request comes from this server's own pages. */
export function isSameOrigin({ origin, host }: IncomingHttpHeaders): boolean {
  return origin === `http://${host}`;
}

/** Describes the data of an uploaded file. */
export function described(data: Uint8Array) {
  return { size: data.length, sha256: createHash("sha256").update(data).digest("hex") };
}

/** A page with a form that leads to its own URL. @param token The value of its hidden field. */
export function form(field: "text" | "file" | "user", token = ""): string {
  const isFile = field === "file";
  return page(
    `<form method="post"${isFile ? ' enctype="multipart/form-data"' : ""}>
    ${token && `<input type="hidden" name="token" value="${token}">`}
    <input name="${field}"${isFile ? ' type="file"' : ""}><button>Send</button></form>`,
  );
}

/** A page that shows the value to the driver. */
export function got(value: object): string {
  const text = JSON.stringify(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return page(`<pre id="got">${text}</pre>`);
}

/** Three events after the client's last one, then the end: the client comes again for more. */
export async function* events(last: string | undefined): AsyncGenerator<string> {
  const first = Number(last ?? 0) + 1;
  yield "retry: 100\n\n";
  for (let number = first; number < first + 3; number++) {
    yield `id: ${number}\ndata: ${number}\n\n`;
    await sleep(100);
  }
}

/** Serves the WebSocket that echoes, for this server's own pages only. */
export function echo(server: Server): void {
  const verifyClient = ({ req }: { req: { headers: IncomingHttpHeaders } }) =>
    isSameOrigin(req.headers);
  const sockets = new WebSocketServer({ server, path: "/socket", verifyClient });
  sockets.on("connection", (socket) => {
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
}

function page(body: string): string {
  return `<!DOCTYPE html><title>App</title>${body}`;
}
