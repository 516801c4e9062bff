import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { type HttpRequest, sendRequest, serveRequest } from "./http/http.ts";
import { Carrier } from "./session/carrier.ts";
import { decodeMessage, encodeMessage, MAX_MESSAGE_ACCEPTED } from "./session/frame.ts";
import { Session } from "./session/session.ts";
import { thrownBy } from "./testing/failure.ts";
import { readVectors } from "./testing/read_vectors.ts";
import { NO_LIVENESS, ScriptedChannel } from "./testing/scripted_channel.ts";
import { fromHex, toJson, type Vectors, written } from "./testing/vectors.ts";

const test = suite("vectors");

const vectors = readVectors<Vectors>("frames.json");
const { answered, interrupted, resumed, closed, ...names } = vectors.conversation;
const steps = [...answered, ...interrupted, ...resumed, ...closed];

for (const { name, hex, frames } of [...vectors.messages, ...steps]) {
  test(`a message is written and read: ${name}`, () => {
    assert.equal(toJson(decodeMessage(fromHex(hex))), frames);
    assert.is(written(frames), hex.replaceAll(" ", ""));
  });
}

for (const { name, hex, frames } of vectors.lenient) {
  test(`a message is read: ${name}`, () => {
    assert.equal(toJson(decodeMessage(fromHex(hex))), frames);
  });
}

for (const { name, hex, code, error } of vectors.malformed) {
  test(`a message is refused: ${name}`, () => {
    const thrown = thrownBy(() => decodeMessage(fromHex(hex)));
    assert.is(thrown.code, code);
    assert.match(thrown.message, error);
  });
}

test("a message has at most 64 KiB", () => {
  const bytes = new Uint8Array(MAX_MESSAGE_ACCEPTED - 7);
  const message = encodeMessage([{ type: "data", stream: 1, offset: 0, bytes, end: false }]);
  assert.is(message.length, 65_536);
  assert.is(decodeMessage(message).length, 1);
  const error = thrownBy(() => decodeMessage(new Uint8Array(65_537)));
  assert.is(error.code, "bad-frame");
  assert.match(error.message, "65537 bytes are more than 65536");
});

function get(target: string): HttpRequest {
  return { method: "GET", target, headers: [["accept", "*/*"]], body: null };
}

test("a page says its part of the conversation", async () => {
  const page = new Session({
    role: "page",
    id: fromHex(names.session),
    liveness: NO_LIVENESS,
  });
  const [first, second] = [new ScriptedChannel(), new ScriptedChannel()];
  const notes = sendRequest(page, get("/notes"));
  page.connect(new Carrier(first));
  await first.follow(answered, "page");
  assert.is(await new Response((await notes).body as BodyInit).text(), '["milk"]');

  const log = sendRequest(page, get("/log"));
  await first.follow(interrupted, "page");
  first.close();
  page.connect(new Carrier(second));
  const text = new Response((await log).body as BodyInit).text();
  await second.follow(resumed, "page");
  assert.is(await text, "one two three");
  page.close();
  await second.follow(closed, "page");
});

test("a host says its part of the conversation", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const bytes = (text: string) => new TextEncoder().encode(text);
  const host = new Session({
    role: "host",
    id: fromHex(names.session),
    liveness: NO_LIVENESS,
    onStream: (stream) =>
      serveRequest(stream, ({ target }) =>
        Promise.resolve({
          status: 200,
          statusText: "OK",
          headers: [],
          body: target === "/log" ? readable : new Blob(['["milk"]']).stream(),
        })),
  });
  async function accept(channel: ScriptedChannel, isNew: boolean): Promise<void> {
    const carrier = new Carrier(channel);
    host.accept(carrier, await carrier.hello, isNew);
  }
  const [first, second] = [new ScriptedChannel(), new ScriptedChannel()];
  accept(first, true);
  await first.follow(answered, "host");

  writer.write(bytes("one "));
  await first.follow(interrupted.slice(0, -1), "host");
  writer.write(bytes("two "));
  await first.follow(interrupted.slice(-1), "host");
  first.close();
  writer.write(bytes("three"));
  writer.close();
  accept(second, false);
  await second.follow(resumed, "host");
  await second.follow(closed, "host");
  assert.is((await host.closed).code, "closed");
});

test.run();
