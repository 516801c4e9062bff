// What the plugins take out of simple-peer, and what stays.
import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { withoutUnused } from "./lean_sources.ts";
import { suite } from "./testing/suite.ts";

const test = suite("lean sources");

const source = readFileSync("node_modules/simple-peer/index.js", "utf8");

/** The methods and accessors of its class. */
function methodsOf(text: string): string[] {
  return [...text.matchAll(/^ {2}(?:get )?(\w+) \(.*\) \{$/gm)].map(([, name]) => name!);
}

test("of simple-peer, everything stays that an offering peer with a data channel calls", () => {
  assert.equal(methodsOf(withoutUnused(source)), [
    "constructor",
    "bufferSize",
    "connected",
    "signal",
    "send",
    "addStream",
    "_needsNegotiation",
    "negotiate",
    "destroy",
    "_destroy",
    "_setupData",
    "_startIceCompleteTimeout",
    "_createOffer",
    "_onConnectionStateChange",
    "_onIceStateChange",
    "getStats",
    "_maybeReady",
    "_onSignalingStateChange",
    "_onIceCandidate",
    "_onChannelMessage",
    "_onChannelBufferedAmountLow",
    "_onChannelOpen",
    "_onChannelClose",
  ]);
});

test("of its log, nothing stays, and nothing else goes from the lines around it", () => {
  const lean = withoutUnused(source);
  assert.not.match(lean, "_debug");
  const left = new Set(lean.split("\n"));
  for (const line of left) assert.ok(source.includes(`${line}\n`), line);
});

test("another version is refused", () => {
  assert.throws(() => withoutUnused(source.replace("  addTrack (", "  addTracks (")), /addTrack/);
});

test.run();
