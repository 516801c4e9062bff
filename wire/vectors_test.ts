import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { type HttpRequest, sendRequest, serveRequest } from "./http/http.ts";
import { Carrier } from "./session/carrier.ts";
import type { Channel } from "./session/channel.ts";
import { decodeMessage, encodeMessage, MAX_MESSAGE_ACCEPTED } from "./session/frame.ts";
import type { LivenessRules } from "./session/liveness.ts";
import { Session } from "./session/session.ts";
import { thrownBy } from "./testing/failure.ts";
import { readVectors } from "./testing/read_vectors.ts";
import { fromHex, type Step, toHex, toJson, type Vectors, written } from "./testing/vectors.ts";

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

/** A channel whose other end is the conversation. */
class ScriptedChannel implements Channel {
  readonly bufferedAmount = 0;
  readonly sent: string[] = [];
  onmessage: Channel["onmessage"] = () => {};
  onclose: Channel["onclose"] = () => {};

  send(message: Uint8Array<ArrayBuffer>): void {
    this.sent.push(toHex(message));
  }

  close(): void {
    this.onclose();
  }

  /** Plays the other end, and compares what this one says meanwhile. */
  async follow(script: Step[], me: Step["from"]): Promise<void> {
    await settle();
    for (const { from, hex, lost } of script) {
      if (from !== me && !lost) this.onmessage(fromHex(hex));
      await settle();
    }
    const mine = said(script.filter(({ from }) => from === me).map(({ hex }) => hex));
    // A DONE waits for another message to go with, for a while.
    for (let i = 0; i < 100 && String(said(this.sent)) !== String(mine); i++) await settle();
    assert.equal(said(this.sent.splice(0)), mine);
  }
}

/**
 * What messages say of the session and its streams. How it is cut up, and when an end acknowledges,
 * pings or gives credit, is its own business.
 */
function said(messages: string[]): string[] {
  const rest: string[] = [];
  const bodies = new Map<number, { offset: number; bytes: string; end: boolean }>();
  for (const frame of messages.flatMap((hex) => decodeMessage(fromHex(hex)))) {
    if (["ack", "ping", "pong", "credit"].includes(frame.type)) continue;
    if (frame.type === "data") {
      const { stream, offset, end } = frame;
      const before = bodies.get(stream) ?? { offset, bytes: "" };
      assert.is(offset, before.offset + before.bytes.length / 2, "bytes come in order");
      bodies.set(stream, { ...before, bytes: before.bytes + toHex(frame.bytes), end });
    } else rest.push(...toJson([frame]).map((frame) => JSON.stringify(frame)));
  }
  return [...rest.sort(), ...[...bodies].map((body) => JSON.stringify(body))];
}

/** Everything that can happen without another message has happened. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** No PINGs but the first: the time that a test takes must not show. */
const never = { look: 1e8, silent: 1e8 };
const liveness: LivenessRules = { busy: never, idle: never, dead: 1e9 };

function get(target: string): HttpRequest {
  return { method: "GET", target, headers: [["accept", "*/*"]], body: null };
}

test("a page says its part of the conversation", async () => {
  const page = new Session({
    role: "page",
    id: fromHex(names.session),
    liveness,
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
    liveness,
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
