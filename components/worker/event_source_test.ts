import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { LighthouseError } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import {
  answerUnder,
  field,
  ok,
  pageRequest,
  type PageRequestInit,
  through,
  tunnelOf,
} from "../testing/page_request.ts";
import { EventSources, isEventSource } from "./event_source.ts";

const test = suite("event_source");

const ACCEPT = { accept: "text/event-stream" };
const PAUSE = "retry: 2000\n\n";

/** A request as both browsers show that of an EventSource. */
function eventSource(headers: Record<string, string> = {}, path = "events") {
  return pageRequest(path, { cache: "no-store", headers: { ...ACCEPT, ...headers } });
}

/** A stream of events that ends, breaks off, or goes on. */
function events(text: string, end: "closed" | "broken" | "open" = "closed"): Response {
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (text !== "") controller.enqueue(new TextEncoder().encode(text));
      else if (end === "broken") controller.error(new LighthouseError("backend-failed", "It left"));
      else if (end === "closed") controller.close();
      else return new Promise(() => {});
      text = "";
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
}

/** EventSources whose backend answers in a row, and the ids that it got. */
function withAnswers(...answers: Response[]) {
  const seen: (string | undefined)[] = [];
  const clock = { now: 0 };
  const sources = new EventSources({ now: () => clock.now });
  const ask = (more: Record<string, string>) => {
    seen.push(more["last-event-id"]);
    return Promise.resolve(answers.shift()!);
  };
  return {
    seen,
    /** Asks once more that many milliseconds later. */
    later(ms: number, request = eventSource(), client = "page"): Promise<Response> {
      clock.now += ms;
      return sources.answer(request, client, ask);
    },
  };
}

for (
  const [what, init, expected] of [
    ["an EventSource", { cache: "no-store", headers: ACCEPT }, true],
    ["one that reconnects", {
      cache: "no-store",
      headers: { ...ACCEPT, "last-event-id": "1" },
    }, true],
    ["fetch with Accept", { headers: ACCEPT }, false],
    ["fetch without cache", { cache: "no-store" }, false],
    ["a POST", { cache: "no-store", headers: ACCEPT, method: "POST" }, false],
    ["a page", { cache: "no-store", headers: ACCEPT, mode: "navigate" }, false],
    ["fetch that takes other types", {
      cache: "no-store",
      headers: { accept: "application/json, text/event-stream" },
    }, false],
  ] as [string, PageRequestInit, boolean][]
) {
  test(`${what} is ${expected ? "" : "not "}an EventSource`, () => {
    assert.is(isEventSource(pageRequest("x", init)), expected);
  });
}

for (const status of [502, 503, 504]) {
  test(`a ${status} is an empty stream, after which the browser asks again`, async () => {
    const { later } = withAnswers(new Response("<h1>Bad gateway</h1>", { status }));
    const response = await later(0);
    assert.equal([response.status, await response.text()], [200, PAUSE]);
    assert.is(response.headers.get("content-type"), "text/event-stream");
    assert.is(response.headers.get("cache-control"), "no-store");
  });
}

test("a network error is an empty stream", async () => {
  const { later } = withAnswers(Response.error());
  assert.is(await (await later(0)).text(), PAUSE);
});

test("without a connection, an EventSource gets an empty stream and a script 503", async () => {
  const session = () => Promise.reject(new LighthouseError("no-holder", "Nobody there"));
  const tunnel = tunnelOf(session);
  const response = await answerUnder(eventSource(), tunnel, "page");
  assert.equal([response.status, await response.text()], [200, PAUSE]);
  const script = pageRequest("events", { headers: ACCEPT });
  assert.is((await answerUnder(script, tunnel, "page")).status, 503);
});

for (const status of [204, 301, 400, 401, 403, 404, 429, 500]) {
  test(`a ${status} is passed on as it is`, async () => {
    const body = status === 204 ? null : "the backend's";
    const { later } = withAnswers(new Response(body, { status, headers: { "x-a": "b" } }));
    const response = await later(0);
    assert.equal([response.status, response.headers.get("x-a")], [status, "b"]);
    assert.is(await response.text(), body ?? "");
  });
}

test("an answer that is no event stream fails as it fails", async () => {
  const broken = new Response(events("<p>", "broken").body, {
    headers: { "content-type": "text/html" },
  });
  const { later } = withAnswers(broken);
  assert.is((await failureOf((await later(0)).text())).code, "backend-failed");
});

test("a stream that breaks off ends cleanly, with what has come", async () => {
  const { later } = withAnswers(events("data: x\n\ndata: y", "broken"));
  const response = await later(0);
  assert.is(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.is(await response.text(), "data: x\n\ndata: y");
});

test("the last event's id goes with the next request, and over moments without a backend", async () => {
  const { later, seen } = withAnswers(
    events("id: 7\ndata: x\n\nid: 8\ndata: y", "broken"),
    new Response("", { status: 503 }),
    Response.error(),
    events("data: no id\n\n"),
    events("id: 9\n\n"),
    events("id: h\u00e9\n\n"),
    events(""),
  );
  await (await later(0)).text();
  for (let i = 0; i < 6; i++) await (await later(2000)).text();
  assert.equal(seen, [undefined, "7", "7", "7", "7", "9", "h\u00c3\u00a9"]);
});

test("an event stream without a body leaves the id", async () => {
  const headers = { "content-type": "text/event-stream" };
  const { later, seen } = withAnswers(
    events("id: 7\n\n"),
    new Response(null, { headers }),
    events(""),
  );
  for (let i = 0; i < 3; i++) await (await later(2000)).text();
  assert.equal(seen, [undefined, "7", "7"]);
});

test("the id that a browser shows wins, and is the one that stays", async () => {
  const { later, seen } = withAnswers(events("id: 7\n\n"), events(""), events(""));
  await (await later(0)).text();
  await (await later(2000, eventSource({ "last-event-id": "5" }))).text();
  await (await later(2000)).text();
  assert.equal(seen, [undefined, "5", "5"]);
});

test("another page and another URL know nothing of it", async () => {
  const { later, seen } = withAnswers(events("id: 7\n\n"), events(""), events(""), events(""));
  await (await later(0)).text();
  await (await later(2000, eventSource(), "another")).text();
  await (await later(0, eventSource({}, "events?b"))).text();
  await (await later(0)).text();
  assert.equal(seen, [undefined, undefined, undefined, "7"]);
});

test("a stream that the page closes leaves no id, and ends at the backend", async () => {
  const { later, seen } = withAnswers(events("id: 7\n\n", "open"), events(""));
  const reader = (await later(0)).body!.getReader();
  await reader.read();
  const next = reader.read();
  await reader.cancel();
  assert.ok((await next).done);
  await (await later(2000)).text();
  assert.equal(seen, [undefined, undefined]);
});

test("two EventSources of one URL reconnect with an id each", async () => {
  const { later, seen } = withAnswers(
    events("id: 7\n\n"),
    events("id: 8\n\n"),
    events(""),
    events(""),
    events(""),
  );
  const [first, second] = [await later(0), await later(0)];
  await first.text();
  await second.text();
  await later(2000);
  await later(0);
  await later(0);
  assert.equal(seen, [undefined, undefined, "7", "8", undefined]);
});

test("what asks sooner than an EventSource reconnects, or much later, is a new one", async () => {
  const { later, seen } = withAnswers(
    events("retry: 3000\nid: 7\n\n"),
    events("", "open"),
    events("id: 8\n\n"),
    events("", "open"),
    events("", "open"),
  );
  await (await later(0)).text();
  await later(2999);
  await (await later(1)).text();
  // The time stays until the backend says another.
  await later(2999);
  await later(15_001);
  assert.equal(seen, [undefined, undefined, "7", undefined, undefined]);
});

test("ids of more streams than 256 are not kept", async () => {
  const streams = Array.from({ length: 257 }, () => events("id: 7\n\n"));
  const { later, seen } = withAnswers(...streams, events(""), events(""));
  for (let i = 0; i < 257; i++) await (await later(0, eventSource(), `page ${i}`)).text();
  await later(2000, eventSource(), "page 0");
  await later(0, eventSource(), "page 1");
  assert.equal(seen.slice(257), [undefined, "7"]);
});

test("through the worker, the host gets the id", async () => {
  const sources = new EventSources();
  const got: (string | undefined)[] = [];
  const handler = (request: Parameters<Parameters<typeof through>[0]>[0]) => {
    got.push(field(request, "last-event-id"));
    const body = events("retry: 0\nid: 7\n\n").body!;
    return Promise.resolve(ok({ headers: [["content-type", "text/event-stream"]], body }));
  };
  for (let i = 0; i < 2; i++) await through(handler, eventSource(), sources);
  assert.equal(got, [undefined, "7"]);
});

test.run();
