import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type ErrorCode, LighthouseError, type NetworkReport } from "../../wire/mod.ts";
import type { ConnectionView } from "./connection_view.ts";
import { diagnosisOf } from "./diagnosis.ts";

const test = suite("diagnosis");

const PAGE: NetworkReport = { candidates: ["mdns"], stun: "silent", turn: "off", way: "relayed" };
const HOST: NetworkReport = { stun: "answers", port: "off", relay: "on" };

function view(parts: Partial<ConnectionView> = {}): ConnectionView {
  const networks = { page: PAGE, host: HOST };
  return { state: "connected", reason: "Connected", networks, ...parts };
}

test("a connection's way, all ways, cause and cures are told, and what both ends see", () => {
  const { cures, ...rest } = diagnosisOf(view());
  assert.equal(rest, {
    way: "relayed",
    ways: { direct: "failed", mapped: "off", turn: "off", relayed: "used" },
    cause: "page-no-udp",
    message: "The page's network lets no UDP through",
    page: PAGE,
    host: HOST,
  });
  assert.equal(cures.map(({ code }) => code), ["page-udp", "add-turns"]);
  assert.match(cures[0]!.text, "Allow UDP");
});

const failures: [code: ErrorCode, page: NetworkReport, cause: string, cures: number][] = [
  ["connection-failed", { ...PAGE, way: "none" }, "page-no-udp", 2],
  ["relay-budget", { ...PAGE, way: "none" }, "page-no-udp", 2],
  ["host-offline", PAGE, "host-offline", 0],
  ["not-paired", PAGE, "not-paired", 0],
  ["unsupported", { webrtc: "off" }, "no-webrtc", 1],
  ["unsupported", PAGE, "unsupported", 0],
];
for (const [code, page, cause, cures] of failures) {
  test(`after ${code}, the cause is ${cause}, and no way is in use`, () => {
    const error = new LighthouseError(code, "It failed");
    const found = diagnosisOf(view({ state: "failed", error, networks: { page, host: HOST } }));
    assert.equal([found.cause, found.cures.length, found.way], [cause, cures, undefined]);
    if (cause === code) assert.is(found.message, "It failed");
  });
}

test("before anything is known, nothing stands in the way", () => {
  assert.equal(diagnosisOf({ state: "idle", reason: "Not connected" }), {
    cause: "untried",
    message: "Nothing is known to stand in the way of a direct connection",
    cures: [],
    ways: { direct: "unknown", mapped: "unknown", turn: "unknown", relayed: "unknown" },
    page: {},
  });
});

test.run();
