import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type ErrorCode, errorCodes, LighthouseError } from "../../wire/mod.ts";
import { tell } from "../texts/telling.ts";
import { type MessageScreen, screenFor, type Situation } from "./screen.ts";
import { SHELL_TEXTS } from "./texts.ts";

const test = suite("screen");

const waiting: Situation = {
  state: "signalling",
  reason: "Looking for the host …",
  isOpen: false,
  isBroken: false,
  wantsPairing: false,
  actions: [],
};

const message = (now: Partial<Situation>) =>
  screenFor({ ...waiting, ...now }, SHELL_TEXTS.en) as MessageScreen;

/** A failure, with what the element offers then. */
const failed = (code: ErrorCode): Partial<Situation> => {
  const view = {
    state: "failed",
    reason: "",
    error: new LighthouseError(code, "It failed"),
  } as const;
  return { state: "failed", code, reason: "The reason", actions: tell(view, false).actions };
};

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
    const screen = message(failed(code));
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
    const now = failed(code);
    assert.equal(message(now), { show: "pairing", problem: "The reason" });
    assert.equal(message({ ...now, isOpen: true, wantsPairing: true }), {
      show: "pairing",
      problem: "The reason",
    });
  });
}

test("a browser that was never paired has done nothing wrong", () => {
  assert.equal(message(failed("not-paired")), { show: "pairing" });
});

test("who wants to pair, can do so while connected", () => {
  assert.equal(message({ state: "connected", isOpen: true, wantsPairing: true }), {
    show: "pairing",
  });
});

test("another laptop's link and another laptop's answer are told apart", () => {
  const now = { state: "failed", code: "host-key-changed" } as const;
  assert.match(message({ ...now, actions: ["accept", "keep"] }).title, /This link/);
  assert.match(message({ ...now, actions: ["pair", "retry"] }).title, /Another laptop answers/);
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
