// What pages ask of services, and what backends answer.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Backend } from "../../../host/proxy/backend.ts";
import { CookieJars, MAX_COOKIES } from "../../../host/proxy/cookies.ts";
import { forwardTo } from "../../../host/proxy/forward.ts";
import { type AnswerPlace, pageLocation, pageRefresh } from "../../../host/proxy/location.ts";
import { serveFolder } from "../../../host/proxy/static_files.ts";
import { startRawBackend } from "../../../host/testing/raw_backend.ts";
import { parseRequestHead, parseResponseHead } from "../../../wire/http/http.ts";
import {
  encodeHead,
  type HeaderField,
  type HttpRequest,
  LighthouseError,
} from "../../../wire/mod.ts";
import { temporaryFolder } from "../../testing/temporary_folder.ts";
import type { Draw } from "../draw.ts";
import { orRefused, orRejected, type Target } from "../target.ts";

const SITE = "https://page.example";
const PHONE = { id: "abc", name: "phone", origin: SITE };
const never = new AbortController().signal;
const SECRET = "the contents of a secret file";

/** A request without a body as a page's stream brings it; undefined if the host refuses it at once. */
function asReceived(head: Omit<HttpRequest, "body">): HttpRequest | undefined {
  const bytes = encodeHead({ ...head, body: false });
  const parsed = orRefused(() => parseRequestHead(bytes), "bad-request");
  return parsed && { ...parsed, body: null };
}

export const staticFiles: Target = {
  name: "static-files",
  invariant:
    "No path of a folder's service gives anything of a file outside of it or of a hidden one.",
  start(stack) {
    const outside = temporaryFolder();
    const folder = join(outside, "public");
    mkdirSync(join(folder, "sub", ".git"), { recursive: true });
    for (const path of [".secret", "public/.env", "public/sub/.git/config", "public.txt"]) {
      writeFileSync(join(outside, path), SECRET);
    }
    for (const path of ["index.html", "a.txt", "sub/é.txt"]) {
      writeFileSync(join(folder, path), "open");
    }
    symlinkSync(join(outside, ".secret"), join(folder, "link"));
    symlinkSync(outside, join(folder, "up"));
    const service = serveFolder("/files", folder);
    stack.defer(() => service.close());
    const paths = [
      "/files/",
      "/files/a.txt",
      "/files/../public.txt",
      "/files/link",
      "/files/up/public.txt",
      "/files/.env",
      "/files/sub/.git/config",
      "/files/%2e%2e/.secret",
    ];
    return async (draw) => {
      const target = `/files/${draw.mutateText(draw.pick(paths)).replace(/^\/?files\/?/, "")}`;
      const headers = draw.list(2, (): HeaderField => {
        return [
          draw.pick(["Range", "If-Range", "If-None-Match"]),
          draw.mutateText("bytes=0-1,2-3"),
        ];
      });
      const method = draw.pick(["GET", "HEAD", "POST"]);
      const request = asReceived({ method, target, headers });
      if (!request) return;
      const answer = await service.handler(request, { signal: never, principal: PHONE });
      assert.not.match(await new Response(answer.body).text(), SECRET);
    };
  },
};

const LOCATIONS = [
  "/app/x",
  "http://127.0.0.1:5000/app/x",
  "http://localhost:5000/other",
  "https://page.example/w/notes/x",
  "https://page.example/w/admin/",
  "//page.example/w/admin",
  "../../admin",
  "javascript:alert(1)",
  "https://other.example/",
];

export const location: Target = {
  name: "location",
  invariant:
    "A backend's redirect leads to its own service, to another site that it names, or nowhere.",
  start: () => (draw) => {
    const backend = new URL("http://127.0.0.1:5000/app/");
    const isOwn = (target: string) => !/^\/admin(?:[/?]|$)/.test(target);
    const place: AnswerPlace = {
      prefix: draw.pick(["/", "/notes"]),
      workerPrefix: "/w",
      isRoot: draw.chance(0.2),
      backend,
      url: new URL("http://127.0.0.1:5000/app/a/b"),
      siteHost: "page.example",
      knowsPrefix: draw.chance(0.5),
      knowsSite: draw.chance(0.5),
      isOwn: (target) => isOwn(target),
    };
    const value = draw.chance(0.8) ? draw.mutateText(draw.pick(LOCATIONS)) : draw.text(60);
    const latin1 = [...value].map((sign) => String.fromCharCode(sign.charCodeAt(0) & 0xff)).join(
      "",
    );
    const refreshed = pageRefresh(`0; url=${latin1}`, place);
    if (refreshed !== undefined) assert.type(refreshed, "string");
    const mapped = pageLocation(latin1, place);
    if (mapped instanceof LighthouseError) return void assert.is(mapped.code, "bad-redirect");
    // A page follows it from any path of its site.
    const followed = URL.parse(mapped, `${SITE}/w/notes/page`);
    if (followed?.origin !== SITE) return;
    const { pathname } = followed;
    if (!pathname.startsWith("/w/") && pathname !== "/w") return;
    const target = pathname.slice(2) || "/";
    assert.ok(isOwn(target), `${JSON.stringify(latin1)} leads to ${target}`);
    assert.ok(place.prefix === "/" || /^\/notes(?:\/|$)/.test(target), `it leads to ${target}`);
  },
};

/** Names that only the host may give, as any server may read them. */
const FORGED = /^(?:forwarded|x-forwarded.*|x-real-ip|lighthouse-.*|proxy)$/;

export const headers: Target = {
  name: "headers",
  invariant: "No spelling of a page's header reaches a backend as one that only the host may set.",
  start() {
    const backends = (["local", "proxy"] as const).map((as) =>
      new Backend({ prefix: "/", backend: new URL("http://127.0.0.1:5000"), as })
    );
    const names = ["Lighthouse-Device-Id", "X-Forwarded-For", "X-Real-IP", "Forwarded", "Proxy"];
    const signs = "!#$%&'*+-.^_`|~";
    return (draw) => {
      const name = draw.pick(names).replaceAll("-", () => draw.pick([...signs]))
        .replace(/[a-z]/gi, (letter) => draw.chance(0.3) ? letter.toUpperCase() : letter);
      const fields: HeaderField[] = [[name, "forged"], ["Accept", "*/*"]];
      const request = asReceived({ method: "GET", target: "/", headers: fields });
      if (!request) return;
      const { headers: sent } = draw.pick(backends).upstreamRequest(request, PHONE);
      for (const [each, value] of sent) {
        const read = each.toLowerCase().replace(/[^a-z\d]/g, "-");
        assert.not.ok(value === "forged" && FORGED.test(read), `${each} was forged`);
      }
    };
  },
};

export const cookies: Target = {
  name: "cookies",
  invariant:
    "Whatever cookies a backend sets, the next request's are few and cannot end a line of HTTP.",
  start: () => (draw) => {
    const jars = new CookieJars();
    const url = new URL("http://127.0.0.1:5000/a/b");
    const cookie = "name=value; Path=/a; Max-Age=100; SameSite=Lax; Domain=127.0.0.1";
    for (let round = draw.below(4); round >= 0; round--) {
      const set = draw.list(20, () => draw.chance(0.8) ? draw.mutateText(cookie) : draw.text(80));
      jars.store(PHONE, set, url);
    }
    const header = jars.header(PHONE, url, draw.chance(0.5)) ?? "";
    assert.ok(header.split("; ").length <= MAX_COOKIES * 8, `${header.length} characters`);
    assert.not.match(header, /[\0\r\n]/);
  },
};

const ANSWER =
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\n\r\nok";
const CHUNKED =
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n2\r\nok\r\n0\r\n\r\n";

export const hostileAnswers: Target = {
  name: "hostile-answers",
  invariant: "Whatever bytes a backend sends, the page gets a head that it can read, or a reason.",
  async start(stack) {
    let bytes = "";
    const backend = stack.use(
      await startRawBackend((received, socket) => {
        if (received.includes("\r\n\r\n")) socket.end(bytes, "latin1");
      }),
    );
    const service = forwardTo({ prefix: "/", backend: backend.url });
    stack.defer(() => service.close());
    return async (draw: Draw) => {
      bytes = draw.mutateText(draw.pick([ANSWER, CHUNKED]));
      backend.received.length = 0;
      const request = { method: "GET", target: "/", headers: [], body: null };
      const context = { signal: never, principal: PHONE };
      const answer = await orRejected(
        service.handler(request, context),
        "backend-failed",
        "too-large",
      );
      if (!answer) return;
      const { body, ...head } = answer;
      parseResponseHead(encodeHead({ ...head, body: body !== null }));
      await new Response(body).arrayBuffer().catch((error) => {
        assert.instance(error, LighthouseError);
      });
    };
  },
};
