import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import {
  acceptWebSocket,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  LighthouseError,
  openWebSocket,
  sendRequest,
  serveRequest,
  type Session,
} from "../../wire/mod.ts";
import { bytesOf, isSame, pattern, streamOf } from "../../wire/testing/bytes.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { connectSessions, untilIdle } from "../../wire/testing/session_pair.ts";
import { FollowerSession } from "./follower_session.ts";
import { LeaderStreams } from "./leader_streams.ts";
import { holdLifetimeLock } from "./lifetime_lock.ts";

const test = suite("leader_streams");

/** A follower, its leader, and the host at the other end of the leader's session. */
interface Group {
  follower: FollowerSession;
  leader: LeaderStreams;
  page: Session;
  host: Session;
  send(request?: Partial<HttpRequest>, signal?: AbortSignal): Promise<HttpResponse>;
  /** Ends the follower without a word, as a crash does. */
  crash(): void;
}

async function withGroup(
  handler: HttpHandler,
  use: (group: Group) => Promise<void>,
): Promise<void> {
  const { page, host } = await connectSessions({
    host: { onStream: (stream) => void serveRequest(stream, handler) },
  });
  const leader = new LeaderStreams({ session: () => page, keepAwake: () => {} });
  const life = new AbortController();
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = ({ data }) => leader.open(data);
  const follower = new FollowerSession(
    await holdLifetimeLock(life),
    (message, transfer) => port1.postMessage(message, transfer),
  );
  const send: Group["send"] = (request, signal) => {
    const head = { method: "GET", target: "/", headers: [], body: null, ...request };
    return sendRequest(follower, head, signal);
  };
  try {
    await use({ follower, leader, page, host, send, crash: () => life.abort() });
    await untilIdle(page, host);
    await until(() => leader.streams + follower.streams === 0);
  } finally {
    life.abort();
    leader.close();
    port1.close();
    page.close();
    await host.closed;
  }
}

function response(body: ReadableStream<Uint8Array> | null): HttpResponse {
  return { status: 200, statusText: "OK", headers: [["x-a", "1"]], body };
}

/** A body that tells what was taken of it, and why it was cancelled. */
function endless() {
  const cancelled = Promise.withResolvers<unknown>();
  const taken = { bytes: 0 };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      taken.bytes += 10_000;
      controller.enqueue(new Uint8Array(10_000));
    },
    cancel: (reason) => cancelled.resolve(reason),
  }, { highWaterMark: 0 });
  return { body, taken, cancelled: cancelled.promise };
}

test("many requests at once come back with their own bodies", async () => {
  await withGroup(
    async ({ body }) => response(streamOf(await bytesOf(body!))),
    async ({ send }) => {
      await Promise.all(Array.from({ length: 30 }, async (_, index) => {
        const bytes = pattern(100_000, index);
        const answer = await send({ method: "POST", body: streamOf(bytes) });
        assert.equal([answer.status, answer.headers], [200, [["x-a", "1"]]]);
        assert.ok(isSame(await bytesOf(answer.body!), bytes));
      }));
    },
  );
});

test("an answer that is not read stops the host; cancelled, it ends there", async () => {
  const { body, taken, cancelled } = endless();
  await withGroup(() => Promise.resolve(response(body)), async ({ send }) => {
    const answer = await send();
    for (let before = -1; before !== taken.bytes;) {
      before = taken.bytes;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // A stream's 4 MiB of credit, and what waits at both ends.
    assert.ok(taken.bytes < 5_000_000, `${taken.bytes} bytes`);
    await answer.body!.cancel();
    await cancelled;
  });
});

test("a request that is aborted before its answer ends at the host", async () => {
  const aborted = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<void>();
  const handler: HttpHandler = (_request, signal) => {
    signal.addEventListener("abort", () => aborted.resolve());
    seen.resolve();
    return new Promise(() => {});
  };
  await withGroup(handler, async ({ send }) => {
    const controller = new AbortController();
    const failure = failureOf(send({}, controller.signal));
    await seen.promise;
    controller.abort();
    assert.is((await failure).name, "AbortError");
    await aborted.promise;
  });
});

test("the host's error arrives with its code", async () => {
  const handler: HttpHandler = () =>
    Promise.reject(new LighthouseError("bad-request", "It leads out"));
  await withGroup(handler, async ({ send }) => {
    const { code, message } = await failureOf(send());
    assert.equal([code, message], ["bad-request", "It leads out"]);
  });
});

test("an answer that comes before all of the body was sent is read to its end", async () => {
  const { body } = endless();
  await withGroup(() => Promise.resolve(response(streamOf(pattern(9)))), async ({ send }) => {
    const answer = await send({ method: "POST", body });
    assert.is((await bytesOf(answer.body!)).length, 9);
  });
});

test("a WebSocket's stream carries bytes both ways as they come", async () => {
  const { page, host } = await connectSessions({
    host: {
      onStream: (stream) => {
        void serveRequest(stream, () => Promise.reject(new Error("no request")), async () => {
          acceptWebSocket(stream, "chat");
          await stream.readable.pipeTo(stream.writable);
        });
      },
    },
  });
  const life = new AbortController();
  const leader = new LeaderStreams({ session: () => page, keepAwake: () => {} });
  const alive = await holdLifetimeLock(life);
  const follower = new FollowerSession(alive, (message) => leader.open(message));
  const opening = { target: "/live", headers: [], protocols: ["chat"] };
  const { stream, protocol } = await openWebSocket(follower, opening, life.signal);
  assert.is(protocol, "chat");
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  for (let seed = 1; seed <= 3; seed++) {
    await writer.write(pattern(5, seed));
    assert.equal(new Uint8Array((await reader.read()).value!), pattern(5, seed));
  }
  await writer.close();
  assert.ok((await reader.read()).done);
  await untilIdle(page, host);
  life.abort();
  leader.close();
  page.close();
  await host.closed;
});

test("what a follower that crashed has left open ends at the host", async () => {
  const { body, cancelled } = endless();
  await withGroup(() => Promise.resolve(response(body)), async (group) => {
    const { send, crash, follower, leader } = group;
    await send();
    assert.is(leader.followers, 1);
    crash();
    await cancelled;
    assert.is(leader.followers, 0);
    follower.end(new LighthouseError("closed", "tidy up"));
  });
});

test("close() ends the streams as a lost connection, and opens no more", async () => {
  const { body, cancelled } = endless();
  await withGroup(() => Promise.resolve(response(body)), async ({ send, leader }) => {
    const answer = await send();
    leader.close();
    assert.is((await failureOf(bytesOf(answer.body!))).code, "connection-lost");
    await cancelled;
    assert.is((await failureOf(send())).code, "connection-lost");
  });
});

test("a tab without a session opens nothing", async () => {
  const leader = new LeaderStreams({ session: () => undefined, keepAwake: () => {} });
  const follower = new FollowerSession("nobody", (message) => leader.open(message));
  const head = { method: "GET", target: "/", headers: [], body: null };
  assert.is((await failureOf(sendRequest(follower, head))).code, "connection-lost");
  leader.close();
});

test("end() fails all streams, before its answer and in the middle of it", async () => {
  const handler: HttpHandler = ({ target }) =>
    target === "/never" ? new Promise(() => {}) : Promise.resolve(response(endless().body));
  await withGroup(handler, async ({ send, follower, crash }) => {
    const early = failureOf(send({ target: "/never" }));
    const reader = (await send()).body!.getReader();
    follower.end(new LighthouseError("connection-lost", "It is gone"));
    assert.is((await early).message, "It is gone");
    assert.is((await failureOf(reader.closed)).message, "It is gone");
    crash();
  });
});

test("the worker is kept awake while streams are open, and not after", async () => {
  let calls = 0;
  const { page, host } = await connectSessions({ host: { onStream: () => {} } });
  const leader = new LeaderStreams({
    session: () => page,
    keepAwake: () => calls++,
    interval: 5,
  });
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.is(calls, 0);
  const life = new AbortController();
  const alive = await holdLifetimeLock(life);
  const follower = new FollowerSession(alive, (message) => leader.open(message));
  const stream = follower.open(pattern(1));
  await until(() => calls >= 2);
  stream.reset(new LighthouseError("aborted", "enough"));
  await until(() => leader.streams === 0);
  const before = calls;
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.is(calls, before);
  life.abort();
  leader.close();
  page.close();
  await host.closed;
});

test.run();
