import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import {
  type ErrorCode,
  type HttpHandler,
  LighthouseError,
  serveRequest,
  type StreamOpener,
} from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { connectSessions } from "../../wire/testing/session_pair.ts";
import { type Connect, fetchThrough, isRepeatable } from "./fetch.ts";
import { toRequest } from "./request.ts";

const test = suite("fetch");

const SITE = "https://me.example";

/** Sends a request through sessions whose host end is `handler`. */
async function through(handler: HttpHandler, path: string, init?: RequestInit): Promise<Response> {
  const { page, host } = await connectSessions({
    host: { onStream: (stream) => void serveRequest(stream, handler) },
  });
  try {
    return await fetchThrough(toRequest(path, init, SITE), () => Promise.resolve(page));
  } finally {
    page.close();
    await host.closed;
  }
}

/** A connection whose streams all fail, and how often one was asked for. */
function broken(code: ErrorCode): { connect: Connect; attempts: () => number } {
  let attempts = 0;
  const session: StreamOpener = {
    open() {
      throw new LighthouseError(code, "It broke");
    },
  };
  return {
    connect() {
      attempts++;
      return Promise.resolve(session);
    },
    attempts: () => attempts,
  };
}

for (
  const [method, code, expected] of [
    ["GET", "session-lost", 4],
    ["GET", "connection-lost", 4],
    ["POST", "refused", 4],
    ["POST", "connection-lost", 1],
    ["GET", "backend-failed", 1],
  ] as const
) {
  test(`a ${method} that ends with ${code} is sent ${expected} times in all`, async () => {
    const { connect, attempts } = broken(code);
    assert.is(
      (await failureOf(fetchThrough(toRequest("/", { method }, SITE), connect))).code,
      code,
    );
    assert.is(attempts(), expected);
  });
}

test("a request ends when there is no connection to be had", async () => {
  let attempts = 0;
  const connect: Connect = () => {
    attempts++;
    return Promise.reject(new LighthouseError("connection-lost", "Nobody there"));
  };
  const failure = failureOf(fetchThrough(toRequest("/", {}, SITE), connect));
  assert.is((await failure).message, "Nobody there");
  assert.is(attempts, 1);
});

test("connect() gets the request's signal", async () => {
  const controller = new AbortController();
  const connect: Connect = (signal) =>
    new Promise((_resolve, reject) => {
      signal!.addEventListener("abort", () => reject(signal!.reason));
    });
  const request = toRequest("/", { signal: controller.signal }, SITE);
  const failure = failureOf(fetchThrough(request, connect));
  controller.abort();
  assert.is((await failure).name, "AbortError");
});

/** Redirects `/n` to `/n-1`, until `/0` is there. */
const countdown: HttpHandler = ({ method, target }) => {
  const left = Number(target.slice(1));
  const headers: [string, string][] = left > 0 ? [["location", `/${left - 1}`]] : [["x-a", method]];
  return Promise.resolve({ status: left > 0 ? 302 : 200, statusText: "", headers, body: null });
};

test("redirects are followed, 20 at most", async () => {
  const response = await through(countdown, "/20", { method: "POST", body: "x" });
  assert.equal([response.status, response.headers.get("x-a")], [200, "GET"]);
  assert.equal([response.url, response.redirected], [`${SITE}/0`, true]);
  const failure = await failureOf(through(countdown, "/21"));
  assert.instance(failure, TypeError);
  assert.match(failure.message, /more than 20 redirects/);
});

test("a response names its URL", async () => {
  const { url, redirected } = await through(countdown, "/0?a=1#b");
  assert.equal([url, redirected], [`${SITE}/0?a=1`, false]);
});

for (
  const [redirect, expected] of [["manual", 302], ["error", "TypeError"], ["follow", 200]] as const
) {
  test(`with redirect: "${redirect}" a redirect becomes ${expected}`, async () => {
    const outcome = await through(countdown, "/1", { redirect }).then(
      ({ status }) => status,
      ({ name }) => name,
    );
    assert.is(outcome, expected);
  });
}

for (
  const [method, canRepeat, code, expected] of [
    ["GET", true, "session-lost", true],
    ["HEAD", true, "connection-lost", true],
    ["GET", true, "backend-failed", false],
    ["POST", true, "session-lost", false],
    ["POST", true, "connection-lost", false],
    ["POST", true, "refused", true],
    ["DELETE", true, "refused", true],
    ["POST", false, "refused", false],
  ] as const
) {
  const body = canRepeat ? "" : ", whose body is gone,";
  test(`a ${method}${body} is ${expected ? "" : "not "}repeated after ${code}`, () => {
    assert.is(isRepeatable(method, canRepeat, new LighthouseError(code, "")), expected);
  });
}

test.run();
