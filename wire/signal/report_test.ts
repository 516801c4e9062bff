import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { candidateKinds, type NetworkReport, parseReport } from "./report.ts";

const test = suite("report");

/** With each member at its longest. */
const LONGEST: Required<NetworkReport> = {
  candidates: ["mdns", "private4", "private6", "public4", "public6", "srflx4", "srflx6", "relay"],
  stun: "answers",
  nat: "endpoint-independent",
  turn: "unreachable",
  port: "unreachable",
  relay: "spent",
  way: "relayed",
  webrtc: "off",
  localNetwork: "denied",
  vpn: "on",
};

test("a report is read as it is sent, and takes less than 512 bytes", () => {
  const text = JSON.stringify(LONGEST);
  assert.equal(parseReport(JSON.parse(text)), LONGEST);
  assert.ok(text.length <= 512, `${text.length} bytes`);
  assert.equal(parseReport({}), {});
});

const odd: [what: string, value: unknown, expected: NetworkReport | undefined][] = [
  ["no object", "all is well", undefined],
  ["null", null, undefined],
  ["a list", [], {}],
  ["members of a later version", { moon: "full", stun: "off" }, { stun: "off" }],
  ["states of a later version", { stun: "slow", nat: 3, way: ["direct"] }, {}],
  ["members of every object", { stun: "toString", constructor: "off" }, {}],
  ["an address in place of a kind", { candidates: ["192.0.2.1", 7, "relay"] }, {
    candidates: ["relay"],
  }],
  ["one kind many times", { candidates: Array(10_000).fill("mdns") }, { candidates: ["mdns"] }],
  ["kinds in another order", { candidates: ["relay", "mdns"] }, { candidates: ["mdns", "relay"] }],
  ["candidates that are no list", { candidates: { length: 1, 0: "mdns" } }, {}],
];
for (const [what, value, expected] of odd) {
  test(`a report with ${what} costs nothing but itself`, () => {
    assert.equal(parseReport(value), expected);
  });
}

const candidates: [line: string, kind: string | undefined][] = [
  ["1 1 udp 2113937151 3f5a0c3e-7f6c-4d6e-9d0e-0a2b5c7d9e1f.local 5000 typ host", "mdns"],
  ["1 1 UDP 2122317823 192.168.1.7 5000 typ host", "private4"],
  ["1 1 UDP 2122317823 172.31.0.7 5000 typ host", "private4"],
  ["1 1 UDP 2122317823 172.32.0.7 5000 typ host", "public4"],
  ["1 1 UDP 2122317823 100.64.1.7 5000 typ host", "private4"],
  ["1 1 UDP 2122317823 100.128.1.7 5000 typ host", "public4"],
  ["1 1 UDP 2122317823 fd00::7 5000 typ host", "private6"],
  ["1 1 UDP 2122317823 2001:db8::7 5000 typ host", "public6"],
  ["1 1 UDP 2122317823 127.0.0.1 5000 typ host", undefined],
  ["1 1 UDP 2122317823 fe80::7 5000 typ host", undefined],
  ["1 1 UDP 1677729535 192.0.2.1 5000 typ srflx raddr 0.0.0.0 rport 0", "srflx4"],
  ["1 1 udp 1677729535 2001:db8::1 5000 typ srflx raddr :: rport 0", "srflx6"],
  ["1 1 udp 33562623 192.0.2.9 5000 typ relay raddr 0.0.0.0 rport 0", "relay"],
  ["1 1 udp 1845501695 192.0.2.1 5000 typ prflx raddr 0.0.0.0 rport 0", undefined],
  ["1 1 tcp 1518280447 192.168.1.7 9 typ host tcptype active", undefined],
  ["1 2 udp 2113937151 192.168.1.7 5001 typ host", undefined],
];
for (const [line, kind] of candidates) {
  test(`${line} is ${kind ?? "no candidate that counts"}`, () => {
    const sdp = `v=0\r\na=mid:0\r\na=candidate:${line}\r\na=end-of-candidates\r\n`;
    assert.equal(candidateKinds(sdp), kind ? [kind] : []);
  });
}

test.run();
