import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { errorCodes } from "../../wire/mod.ts";
import { type MessageScreen, screenFor, type Situation } from "./screen.ts";

const test = suite("screen");

const waiting: Situation = {
  state: "signalling",
  reason: "Looking for the host …",
  isOpen: false,
  isBroken: false,
  wantsPairing: false,
  isPinned: false,
};

const message = (now: Partial<Situation>) => screenFor({ ...waiting, ...now }) as MessageScreen;

test("while it connects, a message says so", () => {
  const { title, texts, isBusy, actions } = message({});
  assert.equal([title, texts, isBusy, actions], [
    "Connecting to your laptop",
    ["Looking for the host …"],
    true,
    [],
  ]);
});

test("connected, the content is shown", () => {
  assert.equal(message({ state: "connected" }), { show: "content" });
});

test("content that is open stays, whatever happens to the connection", () => {
  for (const code of errorCodes) {
    assert.equal(message({ state: "failed", code, isOpen: true }), { show: "content" }, code);
  }
  assert.equal(message({ state: "signalling", isOpen: true }), { show: "content" });
});

test("each failure has a screen that says something, or lets the user pair", () => {
  for (const code of errorCodes) {
    const screen = message({ state: "failed", code, reason: "It failed" });
    assert.ok(["message", "pairing"].includes(screen.show), code);
    if (screen.show === "message") assert.ok(screen.title && screen.texts.length > 0, code);
  }
});

for (
  const code of [
    "device-revoked",
    "pairing-used",
    "pairing-expired",
    "bad-link",
    "wrong-origin",
  ] as const
) {
  test(`${code} leads to the pairing views, which say why`, () => {
    const now = { state: "failed", code, reason: "The reason" } as const;
    assert.equal(message(now), { show: "pairing", problem: "The reason" });
    assert.equal(message({ ...now, isOpen: true, wantsPairing: true }), {
      show: "pairing",
      problem: "The reason",
    });
  });
}

test("a browser that was never paired has done nothing wrong", () => {
  assert.equal(message({ state: "failed", code: "not-paired", reason: "Not paired" }), {
    show: "pairing",
  });
});

test("who wants to pair, can do so while connected", () => {
  assert.equal(message({ state: "connected", isOpen: true, wantsPairing: true }), {
    show: "pairing",
  });
});

test("another laptop can be taken only where the site does not name its own", () => {
  const now = { state: "failed", code: "host-key-changed" } as const;
  assert.equal(message(now).actions, ["retry", "forget"]);
  assert.equal(message({ ...now, isPinned: true }).actions, ["retry"]);
});

test("without a worker nothing can be shown, though there is a connection", () => {
  const { title, texts } = message({ state: "connected", workerError: "There is no worker" });
  assert.match(title, /cannot show the app/);
  assert.is(texts[0], "There is no worker.");
});

test("a frame with nothing of the app's offers to load it again", () => {
  assert.equal(message({ state: "connected", isOpen: true, isBroken: true }).actions, ["again"]);
});

test.run();
