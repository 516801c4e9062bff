import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type ErrorCode, errorCodes, LighthouseError } from "../../wire/mod.ts";
import { ENGLISH } from "./english.ts";
import { tell, type TunnelAction } from "./telling.ts";

const test = suite("telling");

const failed = (code: ErrorCode, message = "It failed", isPinned = false) =>
  tell({ state: "failed", reason: message, error: new LighthouseError(code, message) }, isPinned);

/** What helps where it is not another attempt. */
const ACTIONS: Partial<Record<ErrorCode, TunnelAction[]>> = {
  "not-paired": ["pair"],
  "device-revoked": ["pair"],
  "pairing-used": ["pair"],
  "pairing-expired": ["pair"],
  "bad-link": ["pair"],
  "wrong-origin": ["pair"],
  "host-key-changed": ["pair", "retry"],
  "unsupported": [],
  "bad-config": [],
};

for (const code of errorCodes) {
  const actions = ACTIONS[code] ?? ["retry"];
  test(`${code} offers ${actions.join(" and ") || "nothing"}`, () => {
    const telling = failed(code);
    assert.equal(telling.actions, actions);
    assert.ok(telling.sentence && ENGLISH[telling.sentence], code);
    assert.ok(ENGLISH[telling.label], code);
  });
}

test("nothing is offered that cannot help where a page is a file, or names its host", () => {
  assert.equal(failed("wrong-origin", ENGLISH["no-origin"]).actions, []);
  assert.equal(failed("host-key-changed", "Another key", true).actions, ["retry"]);
});

test("a link of another host is taken or left", () => {
  assert.equal(failed("host-key-changed", ENGLISH["link-of-other-host"]).actions, [
    "accept",
    "keep",
  ]);
  assert.equal(failed("host-key-changed", ENGLISH["link-of-other-page"]).actions, ["keep"]);
});

test("a refused link is replaced, or tried again", () => {
  assert.equal(failed("relay-unreachable", ENGLISH["link-refused"]).actions, ["pair", "retry"]);
});

test("a state says what is under way, and repeats nothing", () => {
  assert.equal(tell({ state: "signalling", reason: ENGLISH.looking }, false), {
    label: "signalling",
    sentence: "looking",
    actions: [],
  });
  assert.is(tell({ state: "connected", reason: "Connected" }, false).sentence, undefined);
  assert.is(tell({ state: "idle", reason: "Not connected" }, false).sentence, undefined);
  // What has no name is for logs.
  assert.is(tell({ state: "signalling", reason: "Starting …" }, false).sentence, undefined);
});

test("a connection through the relay says so, why, and what makes it fast", () => {
  assert.equal(tell({ state: "connected", reason: ENGLISH.relayed }, false), {
    label: "relayed",
    sentence: "relayed-why",
    actions: [],
  });
});

test.run();
