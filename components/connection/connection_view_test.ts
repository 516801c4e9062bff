import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { LighthouseError, type StreamOpener } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import type { StateChangeEvent } from "../events.ts";
import { type ConnectionView, CurrentView } from "./connection_view.ts";

const test = suite("connection_view");

const session = { open() {} } as unknown as StreamOpener;
const SIGNALLING: ConnectionView = { state: "signalling", reason: "Looking …" };
const CONNECTED: ConnectionView = { state: "connected", reason: "Connected", session };
const OFFLINE: ConnectionView = {
  state: "offline",
  reason: "Asleep",
  error: new LighthouseError("host-offline", "Asleep"),
};
const CLOSED: ConnectionView = { state: "idle", reason: "Closed" };
const ANN = { id: "1", name: "Ann's phone" };

/** The view, and its events as text. */
function watched(): { view: CurrentView; events: string[] } {
  const view = new CurrentView();
  const events: string[] = [];
  view.addEventListener("statechange", (event) => {
    const { previous, state, reason } = event as StateChangeEvent;
    events.push(`${previous} → ${state}: ${reason}`);
  });
  view.addEventListener("devicechange", () => events.push(`device ${view.now.device?.name}`));
  return { view, events };
}

for (
  const [what, shown, expected] of [
    ["nothing", [], []],
    ["another state", [SIGNALLING], ["idle → signalling: Looking …"]],
    ["the same twice", [SIGNALLING, { ...SIGNALLING }], ["idle → signalling: Looking …"]],
    [
      "another reason",
      [SIGNALLING, { ...SIGNALLING, reason: "Still looking …" }],
      ["idle → signalling: Looking …", "signalling → signalling: Still looking …"],
    ],
    [
      "another device",
      [{ ...CLOSED, device: ANN }, { ...CLOSED, device: { ...ANN } }, {
        ...CLOSED,
        device: { id: "1", name: "Ann" },
      }, CLOSED],
      ["idle → idle: Closed", "device Ann's phone", "device Ann", "device undefined"],
    ],
    [
      "a failure",
      [OFFLINE],
      ["idle → offline: Asleep"],
    ],
  ] as [string, ConnectionView[], string[]][]
) {
  test(`show() tells of ${what}`, () => {
    const { view, events } = watched();
    for (const each of shown) view.show(each);
    assert.equal(events, expected);
    if (shown.length > 0) assert.is(view.now, shown.at(-1));
  });
}

test("delay() shows connected as connecting, and nothing else", () => {
  const { view, events } = watched();
  view.delay("Starting …");
  view.show(SIGNALLING);
  view.show(CONNECTED);
  assert.equal(view.now, { ...CONNECTED, state: "connecting", reason: "Starting …" });
  view.delay(undefined);
  assert.is(view.now, CONNECTED);
  assert.equal(events, [
    "idle → signalling: Looking …",
    "signalling → connecting: Starting …",
    "connecting → connected: Connected",
  ]);
});

test("ready resolves once connected, and is another promise after a loss", async () => {
  const view = new CurrentView();
  const first = view.ready;
  view.show(SIGNALLING);
  assert.is(view.ready, first);
  view.show(CONNECTED);
  await first;
  assert.is(view.ready, first);
  view.show(SIGNALLING);
  const second = view.ready;
  assert.is.not(second, first);
  view.show(CONNECTED);
  await second;
});

test("session() resolves once connected", async () => {
  const view = new CurrentView();
  view.show(SIGNALLING);
  const waiting = view.session();
  view.show(CONNECTED);
  assert.is(await waiting, session);
  assert.is(await view.session(), session);
});

test("session() resolves before, once the session has said HELLO", async () => {
  const view = new CurrentView();
  view.show(SIGNALLING);
  const waiting = view.session();
  const greeted: ConnectionView = { ...SIGNALLING, session, isGreeted: true };
  view.show(greeted);
  assert.is(await waiting, session);
  assert.is(await view.session(), session);
  assert.is(view.now.state, "signalling");
});

for (
  const [view, code] of [[OFFLINE, "host-offline"], [CLOSED, "closed"]] as const
) {
  test(`session() rejects with ${code} when it is ${view.state}, at once or later`, async () => {
    const current = new CurrentView();
    current.show(SIGNALLING);
    const waiting = failureOf(current.session());
    current.show(view);
    assert.is((await waiting).code, code);
    assert.is((await failureOf(current.session())).code, code);
  });
}

test("session() rejects with the signal's reason when aborted", async () => {
  const view = new CurrentView();
  view.show(SIGNALLING);
  const controller = new AbortController();
  const waiting = failureOf(view.session(controller.signal));
  controller.abort();
  assert.is((await waiting).name, "AbortError");
  assert.is((await failureOf(view.session(controller.signal))).name, "AbortError");
});

test.run();
