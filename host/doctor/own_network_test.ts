import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { NetworkReport } from "../../wire/mod.ts";
import type { Mapping, NatReport } from "./nat.ts";
import { OwnNetwork, probeNetwork, reportOf, type SeenNetwork } from "./own_network.ts";

const test = suite("own network");

const seenBy = (mapping: Mapping): NatReport => ({
  mapped: { address: "192.0.2.1", port: 5000 },
  mapping,
  hairpin: false,
});
const servers = ["stun:192.0.2.9:3478"];
const rows: [what: string, seen: Partial<SeenNetwork>, expected: NetworkReport][] = [
  ["no server is set", { servers: [] }, { stun: "off" }],
  ["no server answers", {}, { stun: "silent" }],
  ["a cone NAT", { v4: seenBy("endpoint-independent") }, {
    stun: "answers",
    nat: "endpoint-independent",
  }],
  ["one server with one address", { v4: seenBy("unknown") }, { stun: "answers" }],
  ["IPv6 only", { v6: seenBy("none") }, { stun: "answers", nat: "none" }],
  ["both: IPv4 has the NAT", { v4: seenBy("endpoint-dependent"), v6: seenBy("none") }, {
    stun: "answers",
    nat: "endpoint-dependent",
  }],
];
for (const [what, seen, expected] of rows) {
  test(`a look is reported: ${what}`, () => {
    const { vpn: _, ...report } = reportOf({ servers, v4: undefined, v6: undefined, ...seen });
    assert.equal(report, expected);
  });
}

test("only STUN servers are asked for the NAT, and none where none is set", async () => {
  const iceServers = [{ urls: ["turn:127.0.0.1:9", "turns:127.0.0.1:9"] }];
  assert.equal(await probeNetwork({ iceServers }), { servers: [], v4: undefined, v6: undefined });
});

test("a report has the newest look, the candidates, and the other parts as they are now", async () => {
  const asked: ((seen: SeenNetwork) => void)[] = [];
  let now = 0;
  let port: NetworkReport["port"] = "none";
  const network = new OwnNetwork({
    settings: () => ({ ice: { iceServers: [] } }),
    parts: () => ({ port }),
    turnServers: () => [{ urls: ["turn:a.example"] }],
    probe: () => new Promise((resolve) => asked.push(resolve)),
    checkTurn: ([server]) =>
      Promise.resolve([{ url: server!.urls[0]!, verdict: { outcome: "well", ms: 1 } }]),
    now: () => now,
  });
  const first = network.look();
  assert.equal(network.report(), { port: "none" });
  const second = network.look();
  asked[1]!({ servers, v4: seenBy("endpoint-independent"), v6: undefined });
  await second;
  // The first look was at the network before.
  asked[0]!({ servers, v4: undefined, v6: undefined });
  await first;
  port = "mapped";
  const { vpn: _, ...report } = network.report("a=candidate:1 1 UDP 1 192.0.2.1 9 typ srflx\r\n");
  assert.equal(report, {
    candidates: ["srflx4"],
    stun: "answers",
    nat: "endpoint-independent",
    turn: "works",
    port: "mapped",
  });
  now = 10 * 60_000;
  network.report();
  assert.is(asked.length, 2);
  now++;
  network.report();
  network.report();
  assert.is(asked.length, 3);
});

test.run();
