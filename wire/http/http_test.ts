import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { LighthouseError } from "../error.ts";
import type { Session } from "../session/session.ts";
import { MAX_HEAD } from "../session/head.ts";
import { bytesOf, isSame, pattern, streamOf } from "../testing/bytes.ts";
import { failureOf, thrownBy } from "../testing/failure.ts";
import { connectSessions, pageSession, untilIdle } from "../testing/session_pair.ts";
import {
  encodeHead,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  parseRequestHead,
  parseResponseHead,
  sendRequest,
  serveRequest,
} from "./http.ts";

const test = suite("http");

/** What a test has of a page that is connected to a host. */
interface Bridge {
  page: Session;
  host: Session;
  send(request?: Partial<HttpRequest>, signal?: AbortSignal): Promise<HttpResponse>;
}

/** Connects a page with a host that answers by `handler`. No stream may be left after `use`. */
async function withBridge(
  handler: HttpHandler,
  use: (bridge: Bridge) => Promise<void>,
): Promise<void> {
  const served: Promise<void>[] = [];
  const { page, host } = await connectSessions({
    host: { onStream: (stream) => served.push(serveRequest(stream, handler)) },
  });
  const send: Bridge["send"] = (request, signal) =>
    sendRequest(page, { method: "GET", target: "/", headers: [], body: null, ...request }, signal);
  try {
    await use({ page, host, send });
    await Promise.all([...served, untilIdle(page, host)]);
  } finally {
    page.close();
    await host.closed;
  }
}

function response(init: Partial<HttpResponse> = {}): HttpResponse {
  return { status: 200, statusText: "OK", headers: [], body: null, ...init };
}

function text(value: string): ReadableStream<Uint8Array> {
  return streamOf(new TextEncoder().encode(value));
}

/** A body that never ends by itself, and tells why it was cancelled. */
function endless(chunk?: Uint8Array): {
  body: ReadableStream<Uint8Array>;
  cancelled: Promise<unknown>;
} {
  const { promise: cancelled, resolve } = Promise.withResolvers<unknown>();
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => chunk && controller.enqueue(chunk),
    cancel: resolve,
  });
  return { body, cancelled };
}

/** Resolves with the signal's reason when it is aborted. */
function abortOf(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener("abort", () => resolve(signal.reason));
  });
}

test("a request arrives as it was sent, and so does its response", async () => {
  let seen: Omit<HttpRequest, "body"> | undefined;
  const answer = response({
    status: 201,
    statusText: "Créé",
    headers: [["Set-Cookie", "a=1"], ["set-cookie", "b=\t2"], ["x-empty", ""], ["x-name", "é"]],
    body: text("made"),
  });
  await withBridge(async ({ body, ...head }) => {
    seen = head;
    assert.is(new TextDecoder().decode(await bytesOf(body!)), "a note");
    return answer;
  }, async ({ send }) => {
    const head = {
      method: "POST",
      target: "/notes/%20ü?q=1&q=2",
      headers: [["Accept", "*/*"], ["accept", "text/html"]] as [string, string][],
    };
    const { body, ...received } = await send({ ...head, body: text("a note") });
    assert.equal(seen, head);
    assert.equal({ ...received, body: answer.body }, answer);
    assert.is(new TextDecoder().decode(await bytesOf(body!)), "made");
  });
});

for (const size of [0, 1, 16_384, 16_385, 1024 * 1024]) {
  test(`bodies of ${size} bytes go both ways with equal content`, async () => {
    const bytes = pattern(size);
    await withBridge(async ({ body }) => {
      return response({ body: streamOf(await bytesOf(body!)) });
    }, async ({ send }) => {
      const { body } = await send({ method: "PUT", body: streamOf(bytes) });
      assert.ok(isSame(await bytesOf(body!), bytes));
    });
  });
}

test("many requests at once are each answered with their own", async () => {
  await withBridge(({ target, body }) => {
    return Promise.resolve(response({ headers: [["x-target", target]], body }));
  }, async ({ send }) => {
    await Promise.all(Array.from({ length: 50 }, async (_, index) => {
      const bytes = pattern(index * 1000, index);
      const answer = await send({ target: `/${index}`, body: streamOf(bytes) });
      assert.equal(answer.headers, [["x-target", `/${index}`]]);
      assert.ok(isSame(await bytesOf(answer.body!), bytes));
    }));
  });
});

test("a handler may answer with the request's own body", async () => {
  await withBridge(({ body }) => Promise.resolve(response({ body })), async ({ send }) => {
    const bytes = pattern(256 * 1024);
    const { body } = await send({ body: streamOf(bytes) });
    assert.ok(isSame(await bytesOf(body!), bytes));
  });
});

test("a request and a response without a body have null", async () => {
  let requestBody: unknown;
  await withBridge(({ body }) => {
    requestBody = body;
    return Promise.resolve(response({ status: 204, statusText: "" }));
  }, async ({ send }) => {
    const { body, status } = await send();
    assert.is(requestBody, null);
    assert.is(body, null);
    assert.is(status, 204);
  });
});

test("sendRequest() resolves with the head while the response's body has yet to come", async () => {
  const rest = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(pattern(1)),
    pull: async (controller) => {
      await rest.promise;
      controller.enqueue(pattern(2));
      controller.close();
    },
  }, { highWaterMark: 0 });
  await withBridge(() => Promise.resolve(response({ body })), async ({ send }) => {
    const answer = await send();
    const reader = answer.body!.getReader();
    assert.equal((await reader.read()).value, pattern(1));
    rest.resolve();
    assert.equal((await reader.read()).value, pattern(2));
    assert.is((await reader.read()).done, true);
  });
});

test("an early response stops the request's body, and arrives whole", async () => {
  await withBridge(() => Promise.resolve(response({ status: 413, body: text("too much") })), async (
    { send },
  ) => {
    const upload = endless(pattern(16_384));
    const answer = await send({ method: "POST", body: upload.body });
    assert.is(answer.status, 413);
    assert.is((await upload.cancelled as LighthouseError).code, "stopped");
    assert.is(new TextDecoder().decode(await bytesOf(answer.body!)), "too much");
  });
});

for (const when of ["before", "behind"] as const) {
  test(`a page that stops an answer ${when} its head gets the end, and no reset`, async () => {
    const download = endless(pattern(1000));
    const opened = Promise.withResolvers<void>();
    const { page, host } = await connectSessions({
      host: {
        onStream: (stream) => {
          opened.resolve();
          const stopped = stream.writable.getWriter().closed.catch((error) => error);
          serveRequest(stream, async () => {
            if (when === "before") await stopped;
            return response({ body: download.body });
          });
        },
      },
    });
    const stream = page.open(
      encodeHead({ method: "GET", target: "/", headers: [], body: false }),
    );
    stream.end();
    await (when === "behind" ? stream.head : opened.promise);
    stream.ignore();
    try {
      assert.is((await download.cancelled as LighthouseError).code, "stopped");
      await untilIdle(page, host);
      assert.not.ok(stream.signal.aborted, "the page got a RESET");
    } finally {
      page.close();
      await host.closed;
    }
  });
}

/** A handler that reads the body, and the reason for which its request is aborted. */
function bodyReader(): { handler: HttpHandler; aborted: Promise<unknown> } {
  const aborted = Promise.withResolvers<unknown>();
  return {
    aborted: aborted.promise,
    async handler({ body }, signal) {
      abortOf(signal).then(aborted.resolve);
      await bytesOf(body!);
      return response();
    },
  };
}

test("a request's body that fails fails the request, at both ends", async () => {
  const reader = bodyReader();
  await withBridge(reader.handler, async ({ send }) => {
    const cause = new Error("The file has changed");
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(pattern(10));
        controller.error(cause);
      },
    });
    const error = await failureOf(send({ body }));
    assert.is(error.code, "aborted");
    assert.is(error.cause, cause);
    assert.is((await reader.aborted as LighthouseError).message, "The file has changed");
  });
});

test("a request's body that holds no bytes fails the request, at both ends", async () => {
  const reader = bodyReader();
  await withBridge(reader.handler, async ({ send }) => {
    const body = new Blob(["text"]).stream().pipeThrough(new TextDecoderStream());
    const error = await failureOf(send({ body: body as unknown as HttpRequest["body"] }));
    assert.is(error.code, "aborted");
    assert.instance(error.cause, TypeError);
    assert.is((await reader.aborted as LighthouseError).code, "aborted");
  });
});

test("a request's body that is locked fails the request", async () => {
  await withBridge(async ({ body }) => {
    await bytesOf(body!);
    return response();
  }, async ({ send }) => {
    const body = text("taken");
    body.getReader();
    const error = await failureOf(send({ body }));
    assert.is(error.code, "aborted");
    assert.instance(error.cause, TypeError);
  });
});

test("a response's body that fails fails at the page with its code", async () => {
  const pull = (error: unknown) =>
    new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(error) });
  for (
    const [error, code] of [
      [new Error("The backend died"), "backend-failed"],
      [new LighthouseError("too-large", "Too much"), "too-large"],
    ] as const
  ) {
    await withBridge(() => Promise.resolve(response({ body: pull(error) })), async ({ send }) => {
      const answer = await send().then(({ body }) => bytesOf(body!)).catch((error) => error);
      assert.is(answer.code, code);
      assert.is(answer.message, error.message);
    });
  }
});

for (
  const [what, thrown, code] of [
    [
      "a LighthouseError",
      new LighthouseError("backend-unreachable", "Nobody"),
      "backend-unreachable",
    ],
    ["an Error", new Error("A bug"), "backend-failed"],
    ["a string", "A bug", "backend-failed"],
  ] as const
) {
  test(`${what} that the handler throws arrives as ${code}`, async () => {
    await withBridge(() => Promise.reject(thrown), async ({ send }) => {
      const error = await failureOf(send());
      assert.instance(error, LighthouseError);
      assert.is(error.code, code);
      assert.is(error.message, typeof thrown === "string" ? thrown : thrown.message);
    });
  });
}

test("a handler that throws drops the request's body at the page", async () => {
  const upload = endless(pattern(1000));
  await withBridge(() => Promise.reject(new Error("No")), async ({ send }) => {
    await failureOf(send({ body: upload.body }));
    await upload.cancelled;
  });
});

test("sendRequest() rejects with the signal's reason when it is aborted already", async () => {
  let calls = 0;
  await withBridge(() => {
    calls++;
    return Promise.resolve(response());
  }, async ({ page, send }) => {
    const reason = new Error("Too late");
    assert.is(await failureOf(send({}, AbortSignal.abort(reason))), reason);
    assert.is(page.streams, 0);
    await send();
    assert.is(calls, 1);
  });
});

test("sendRequest() rejects with the signal's reason when aborted, and the host is told", async () => {
  const started = Promise.withResolvers<AbortSignal>();
  await withBridge(async (_request, signal) => {
    started.resolve(signal);
    await abortOf(signal);
    throw signal.reason;
  }, async ({ send }) => {
    const controller = new AbortController();
    const upload = endless(pattern(1000));
    const answer = send({ body: upload.body }, controller.signal);
    const signal = await started.promise;
    controller.abort();

    const error = await failureOf(answer);
    assert.is(error, controller.signal.reason);
    assert.is(error.name, "AbortError");
    assert.is(await upload.cancelled, error);
    assert.is((await abortOf(signal) as LighthouseError).code, "aborted");
  });
});

test("a response's body fails with the signal's reason when aborted, and the host is told", async () => {
  const download = endless(pattern(1000));
  await withBridge(() => Promise.resolve(response({ body: download.body })), async ({ send }) => {
    const controller = new AbortController();
    const { body } = await send({}, controller.signal);
    const reader = body!.getReader();
    await reader.read();
    const reason = new Error("Seen enough");
    controller.abort(reason);
    assert.is(await failureOf(reader.read()), reason);
    assert.is((await download.cancelled as LighthouseError).code, "aborted");
  });
});

test("no listener is left on the signal, however the request ends", async () => {
  /** A signal that counts. */
  class CountingSignal extends EventTarget {
    listeners = 0;
    aborted = false;
    reason: unknown;
    throwIfAborted() {}
    override addEventListener(...args: Parameters<EventTarget["addEventListener"]>) {
      this.listeners++;
      super.addEventListener(...args);
    }
    override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>) {
      this.listeners--;
      super.removeEventListener(...args);
    }
  }
  await withBridge(({ target }) => {
    if (target === "/throw") throw new Error("No");
    return Promise.resolve(response({ body: text("Yes") }));
  }, async ({ page, send }) => {
    for (const target of ["/answer", "/throw", "/cancel"]) {
      const signal = new CountingSignal();
      const answer = send({ target }, signal as unknown as AbortSignal);
      assert.is(signal.listeners, 1);
      if (target === "/throw") await failureOf(answer);
      else if (target === "/cancel") await (await answer).body!.cancel();
      else await bytesOf((await answer).body!);
      await untilIdle(page);
      assert.is(signal.listeners, 0, target);
    }
  });
});

test("cancelling a response's body aborts the handler's signal and cancels what it reads", async () => {
  const download = endless(pattern(1000));
  const signals: AbortSignal[] = [];
  await withBridge((_request, signal) => {
    signals.push(signal);
    return Promise.resolve(response({ body: download.body }));
  }, async ({ page, send }) => {
    const { body } = await send();
    await body!.cancel();
    await untilIdle(page);
    await download.cancelled;
    assert.is((await abortOf(signals[0]!) as LighthouseError).code, "aborted");
  });
});

test("a response that comes after the request was aborted has its body cancelled", async () => {
  const download = endless();
  const started = Promise.withResolvers<void>();
  await withBridge(async (_request, signal) => {
    started.resolve();
    await abortOf(signal);
    return response({ body: download.body });
  }, async ({ send }) => {
    const controller = new AbortController();
    const answer = send({}, controller.signal);
    await started.promise;
    controller.abort();
    await failureOf(answer);
    await download.cancelled;
  });
});

for (
  const [what, request] of [
    ["a method with a space", { method: "GET /" }],
    ["an empty method", { method: "" }],
    ["a method of 33 characters", { method: "G".repeat(33) }],
    ["a target without a slash", { target: "notes" }],
    ["an empty target", { target: "" }],
    ["a target in absolute form", { target: "http://example.com/" }],
    ["a target with a space", { target: "/a b" }],
    ["a target with CR LF", { target: "/\r\nHost: evil" }],
    ["a target with NUL", { target: "/\0" }],
    ["a target with a fragment", { target: "/#top" }],
    ["a target with a backslash", { target: "/\\example.com" }],
    ["a target above 32 KiB", { target: `/${"x".repeat(32 * 1024)}` }],
    ["a field's name with a space", { headers: [["x y", "1"]] }],
    ["a field's name that is empty", { headers: [["", "1"]] }],
    ["a field's name with a colon", { headers: [["x:", "1"]] }],
    ["a field's name beyond ASCII", { headers: [["é", "1"]] }],
    ["a field with CR LF", { headers: [["x", "1\r\nHost: evil"]] }],
    ["a field with LF", { headers: [["x", "1\nHost: evil"]] }],
    ["a field with NUL", { headers: [["x", "\0"]] }],
    ["a field with a character above 0xFF", { headers: [["x", "€"]] }],
    ["a field without a value", { headers: [["x"]] as unknown as [string, string][] }],
    ["a field that is a string", { headers: ["x: y"] as unknown as [string, string][] }],
    ["257 fields", { headers: Array(257).fill(["x", "y"]) }],
    ["no fields", { headers: undefined }],
  ] as [string, Partial<HttpRequest>][]
) {
  test(`a request with ${what} is refused with bad-request, and the next is answered`, async () => {
    const targets: string[] = [];
    await withBridge(({ target }) => {
      targets.push(target);
      return Promise.resolve(response());
    }, async ({ send }) => {
      const error = await failureOf(send(request));
      assert.is(error.code, "bad-request");
      await send({ target: "/next" });
      assert.equal(targets, ["/next"]);
    });
  });
}

for (
  const head of ["", "null", "[]", "{}", '"GET /"', '{"method":"GET"}', "[".repeat(10_000)]
) {
  test(`parseRequestHead() refuses ${head.slice(0, 20) || "nothing"}`, () => {
    const error = thrownBy(() => parseRequestHead(new TextEncoder().encode(head)));
    assert.is(error.code, "bad-request");
  });
}

test("parseRequestHead() names the wrong value", () => {
  const head = { method: "GET", target: "/", headers: [["a", "b"], ["c", "d\n"]] };
  const error = thrownBy(() => parseRequestHead(new TextEncoder().encode(JSON.stringify(head))));
  assert.is(
    error.message,
    "Cannot parse headers[1][1]: it has characters that HTTP does not allow",
  );
});

for (
  const head of [
    {},
    { status: "200", headers: [] },
    { status: 199, headers: [] },
    { status: 600, headers: [] },
    { status: 200.5, headers: [] },
    { status: 200 },
    { status: 200, headers: {} },
    { status: 200, headers: [["a"]] },
    { status: 200, headers: [["a", "b", "c"]] },
    { status: 200, headers: [["a", 1]] },
    { status: 200, headers: [[1, "a"]] },
    { status: 200, headers: [["a b", ""]] },
    { status: 200, headers: [["a", "b\r\n"]] },
    { status: 200, headers: [["a", "€"]] },
  ]
) {
  test(`parseResponseHead() refuses ${JSON.stringify(head)}`, () => {
    const bytes = new TextEncoder().encode(JSON.stringify(head));
    assert.is(thrownBy(() => parseResponseHead(bytes)).code, "bad-frame");
  });
}

for (const statusText of ["a\r\nb", "很好", 7, null, undefined]) {
  test(`parseResponseHead() reads the status text ${JSON.stringify(statusText)} as none`, () => {
    const head = { status: 200, statusText, headers: [] };
    const bytes = new TextEncoder().encode(JSON.stringify(head));
    assert.equal(parseResponseHead(bytes), { ...head, statusText: "", body: false });
  });
}

test("what parseResponseHead() lets through can be made into a Response", () => {
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
  const isTaken = (character: string) => {
    const head = { status: 200, statusText: character, headers: [["x", character]] };
    try {
      const { statusText, headers } = parseResponseHead(
        new TextEncoder().encode(JSON.stringify(head)),
      );
      assert.is(new Response(null, { statusText, headers }).statusText, character);
      return true;
    } catch (error) {
      assert.is((error as LighthouseError).code, "bad-frame");
      return false;
    }
  };
  assert.is(all.filter(isTaken).length, 256 - 33 + 1);
});

test("a response whose head makes no sense resets the stream with bad-frame", async () => {
  const reset = Promise.withResolvers<unknown>();
  const { page, host } = await connectSessions({
    host: {
      onStream: (stream) => {
        abortOf(stream.signal).then(reset.resolve);
        stream.sendHead(new TextEncoder().encode('{"status":99}'));
      },
    },
  });
  const request = { method: "GET", target: "/", headers: [], body: null };
  assert.is((await failureOf(sendRequest(page, request))).code, "bad-frame");
  assert.is((await reset.promise as LighthouseError).code, "bad-frame");
  await untilIdle(page, host);
  page.close();
  await host.closed;
});

test("a request's head may have 60 KiB, and one byte more is refused before it is sent", async () => {
  const [first, ...others]: [string, string][] = Array.from({ length: 4 }, () => ["x", ""]);
  const headers = (filling: number): [string, string][] => [
    [first![0], "y".repeat(filling)],
    ...others,
  ];
  const sizeOf = (headers: [string, string][]) =>
    JSON.stringify({ method: "GET", target: "/", headers, body: false }).length;
  const filling = MAX_HEAD - sizeOf(headers(0));

  const seen: number[] = [];
  await withBridge(({ headers }) => {
    seen.push(headers[0]![1].length);
    return Promise.resolve(response());
  }, async ({ page, send }) => {
    await send({ headers: headers(filling) });
    await untilIdle(page);
    const error = await failureOf(send({ headers: headers(filling + 1) }));
    assert.is(error.code, "too-large");
    assert.is(page.streams, 0);
    assert.equal(seen, [filling]);
  });
});

test("a response's head above 60 KiB fails the request with too-large", async () => {
  const download = endless();
  await withBridge(() => {
    const headers: [string, string][] = [["x", "y".repeat(MAX_HEAD)]];
    return Promise.resolve(response({ headers, body: download.body }));
  }, async ({ send }) => {
    assert.is((await failureOf(send())).code, "too-large");
    await download.cancelled;
  });
});

test("sendRequest() rejects with closed on a session that is over", async () => {
  const session = pageSession();
  session.close();
  const request = { method: "GET", target: "/", headers: [], body: null };
  assert.is((await failureOf(sendRequest(session, request))).code, "closed");
});

test.run();
