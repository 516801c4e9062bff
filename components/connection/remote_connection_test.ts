import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { type ErrorCode, formatPairingFragment, LighthouseError } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import type { FromKeyFrame, KeyState, ToKeyFrame } from "../key_frame/key_messages.ts";
import { ManualTimers } from "../testing/manual_timers.ts";
import { CurrentView } from "./connection_view.ts";
import type { PageEventsOptions } from "./page_events.ts";
import { RemoteConnection } from "./remote_connection.ts";

const test = suite("remote_connection");

const SITE = new URL("https://keys.example/");
const ANSWER_MS = 15_000;
const KEY = new Uint8Array(65).fill(1).with(0, 4) as Uint8Array<ArrayBuffer>;
const LINK = { hostKey: KEY, secret: new Uint8Array(16) as Uint8Array<ArrayBuffer> };
const IDLE: KeyState = { lighthouse: "state", state: "idle", reason: "Not connected" };
const CONNECTED: KeyState = { lighthouse: "state", state: "connected", reason: "Connected" };

/** A frame that the test speaks for. */
interface Frame {
  url: string;
  isOpen: boolean;
  /** Has it load, and answer. @param first The first state. */
  load(first?: KeyState): void;
  say(message: FromKeyFrame | unknown): void;
  heard: ToKeyFrame[];
}

/** A connection in a page whose frames are the test. */
function setUp() {
  const timers = new ManualTimers();
  const frames: Frame[] = [];
  const view = new CurrentView();
  let events: PageEventsOptions | undefined;
  const connection = new RemoteConnection(view, {
    openFrame: (url, onLoad) => {
      let port: MessagePort | undefined;
      const frame: Frame = {
        url: url.href,
        isOpen: true,
        heard: [],
        load: (first = IDLE) => {
          onLoad();
          frame.say(first);
        },
        say: (message) => port?.postMessage(message),
      };
      frames.push(frame);
      return {
        postMessage: (_message, [given]) => {
          port = given as MessagePort;
          port.onmessage = ({ data }) => frame.heard.push(data);
        },
        remove: () => {
          frame.isOpen = false;
          port?.close();
        },
      };
    },
    startTimer: timers.start,
    onPageEvents: (options) => {
      events = options;
    },
  });
  const settings = connection.settings(SITE, "Phone");
  return {
    connection,
    view,
    frames,
    timers,
    settings,
    wake: () => events?.onWake(),
    /** Connects, and waits until the frame has said how it stands. */
    async open(): Promise<Frame> {
      connection.connect(settings);
      frames[0]!.load();
      frames[0]!.say(CONNECTED);
      await until(() => view.now.state === "connected");
      return frames[0]!;
    },
    [Symbol.dispose]: () => connection.close(),
  };
}

test("the frame's connection is the page's, and its first state is not", async () => {
  using page = setUp();
  const { connection, view } = page;
  assert.is(connection.isWanted, false);
  const frame = await page.open();
  assert.equal([frame.url, frame.heard], [SITE.href, [{ lighthouse: "connect", name: "Phone" }]]);
  assert.is(connection.isWanted, true);
  assert.is(view.now.session, connection.session);
  const device = { id: "1", name: "Ann's" };
  frame.say({ ...CONNECTED, state: "offline", code: "host-offline", reason: "Gone", device });
  await until(() => view.now.state === "offline");
  assert.equal([view.now.error?.code, view.now.device], ["host-offline", device]);
});

test("until the frame answers, requests wait", async () => {
  using page = setUp();
  const states: string[] = [];
  page.view.addEventListener("statechange", () => states.push(page.view.now.state));
  page.connection.connect(page.settings);
  const session = page.view.session();
  await page.open();
  assert.is(await session, page.connection.session);
  assert.equal(states, ["signalling", "connected"]);
});

test("streams, renewals and statistics go to the frame", async () => {
  using page = setUp();
  const frame = await page.open();
  const stream = page.connection.session!.open(new Uint8Array([1]));
  page.connection.renew();
  const stats = page.connection.stats();
  await until(() => frame.heard.length === 4);
  const [, open, renew, ask] = frame.heard as unknown as Record<string, unknown>[];
  assert.equal(open!.head, new Uint8Array([1]));
  assert.equal(Object.keys(open!), ["lighthouse", "head", "port"]);
  assert.equal(renew, { lighthouse: "renew" });
  const values = { path: "host", bytesSent: 1, bytesReceived: 2, roundTripTime: 3 };
  frame.say({ lighthouse: "done", id: ask!.id, stats: values });
  assert.equal(await stats, values);
  page.connection.close();
  assert.is((await failureOf(stream.head)).code, "closed");
});

test("the frame looks at the network, and its state has what it sees", async () => {
  using page = setUp();
  await page.connection.look();
  const frame = await page.open();
  const before = frame.heard.length;
  const looked = page.connection.look();
  await until(() => frame.heard.length === before + 1);
  const { lighthouse, id } = frame.heard.at(-1) as { lighthouse: string; id: number };
  assert.is(lighthouse, "look");
  const networks = { page: { stun: "silent" as const } };
  frame.say({ ...CONNECTED, networks });
  frame.say({ lighthouse: "done", id });
  await looked;
  assert.equal(page.view.now.networks, { ...networks, host: undefined });
  // A frame of an earlier version does not answer.
  const late = page.connection.look();
  page.timers.expire(15_000);
  await late;
});

test("a link goes to the frame before the wish to connect, and its refusal comes back", async () => {
  using page = setUp();
  const opening = page.settings.identities.open(LINK);
  page.connection.connect(page.settings);
  page.frames[0]!.load();
  await until(() => page.frames[0]!.heard.length === 2);
  assert.equal(page.frames.length, 1);
  assert.equal(page.frames[0]!.heard, [
    { lighthouse: "link", fragment: formatPairingFragment(LINK), id: 1 },
    { lighthouse: "connect", name: "Phone" },
  ]);
  page.frames[0]!.say({
    lighthouse: "done",
    id: 1,
    error: { code: "host-key-changed", message: "Another host" },
  });
  const error = await failureOf(opening);
  assert.equal([error.code, error.message], ["host-key-changed", "Another host"]);
});

test("a page that is not connected can forget, and does not connect by it", async () => {
  using page = setUp();
  const forgotten = page.settings.identities.forget();
  page.frames[0]!.load();
  await until(() => page.frames[0]!.heard.length === 1);
  page.frames[0]!.say({ lighthouse: "done", id: 1 });
  await forgotten;
  assert.equal(page.frames[0]!.heard, [{ lighthouse: "forget", id: 1 }]);
  assert.is(page.view.now.state, "idle");
  assert.is(page.connection.session, undefined);
});

test("closing ends the frame, and its requests", async () => {
  using page = setUp();
  const frame = await page.open();
  const stats = failureOf(page.connection.stats());
  page.connection.close();
  assert.is((await stats).code, "closed");
  assert.equal([frame.isOpen, page.connection.isWanted, page.view.now.state], [
    false,
    false,
    "idle",
  ]);
  assert.equal(page.timers.running, []);
  assert.is((await failureOf(page.connection.stats())).code, "closed");
});

test("a refusal of this page's own ends the frame, and shows", async () => {
  using page = setUp();
  const frame = await page.open();
  const error = new LighthouseError("bad-config", "Wrong");
  page.connection.refuse(error);
  assert.is(frame.isOpen, false);
  assert.equal(page.view.now.error, error);
});

test("a frame that does not answer is loaded again, after a pause or when the network is back", async () => {
  using page = setUp();
  const { frames, timers, view } = page;
  page.connection.connect(page.settings);
  for (const retry of [() => timers.expire(timers.running[0]!), page.wake]) {
    const count = frames.length;
    timers.expire(ANSWER_MS);
    assert.equal([view.now.state, view.now.error?.code], ["failed", "connection-failed"]);
    assert.is(frames.at(-1)!.isOpen, false);
    const [pause] = timers.running;
    assert.ok(pause! <= 30_000 && pause! >= 500);
    retry();
    assert.is(frames.length, count + 1);
  }
  frames.at(-1)!.load();
  frames.at(-1)!.say(CONNECTED);
  await until(() => view.now.state === "connected");
  assert.equal(timers.running, []);
});

test("a frame that refuses this page is asked again only when the user wants it", async () => {
  using page = setUp();
  const { frames, view, timers } = page;
  const refusal: KeyState = {
    lighthouse: "state",
    state: "failed",
    code: "wrong-origin",
    reason: "No such app",
  };
  const opening = failureOf(page.settings.identities.open(LINK));
  page.connection.connect(page.settings);
  frames[0]!.load(refusal);
  await until(() => view.now.state === "failed");
  assert.equal([view.now.error?.code, view.now.reason], ["wrong-origin", "No such app"]);
  assert.is((await opening).code, "wrong-origin");
  assert.equal([frames.length, frames[0]!.isOpen, timers.running.length], [1, false, 0]);
  page.connection.connect(page.settings);
  assert.is(view.now.state, "signalling");
  assert.is(frames.length, 2);
});

const endings: [what: string, end: (frame: Frame) => void, code: ErrorCode][] = [
  ["is loaded anew", (frame) => frame.load(), "connection-lost"],
  ["says what is no message", (frame) => frame.say("hello"), "connection-lost"],
];
for (const [what, end, code] of endings) {
  test(`a frame that ${what} ends its streams, and another takes its place`, async () => {
    using page = setUp();
    const frame = await page.open();
    const stream = page.connection.session!.open(new Uint8Array());
    end(frame);
    assert.is((await failureOf(stream.head)).code, code);
    assert.is(frame.isOpen, false);
    assert.is(page.view.now.state, "failed");
    page.timers.expire(page.timers.running[0]!);
    assert.equal(page.frames.map(({ isOpen }) => isOpen), [false, true]);
  });
}

test("settings of another site end the frame of the one before", async () => {
  using page = setUp();
  const frame = await page.open();
  page.connection.connect(page.connection.settings(new URL("https://other.example/")));
  assert.is(frame.isOpen, false);
  assert.is(page.frames[1]!.url, "https://other.example/");
});

test.run();
