import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { NetworkReport } from "../../wire/mod.ts";
import { type Gathered, judge, probeNetwork } from "./network_probe.ts";

const test = suite("network probe");

const HOST = "1 1 udp 2113937151 0a1b2c3d-0000-4000-8000-000000000000.local 5000 typ host";
const srflx = (port: number, { foundation = "2", base = "0.0.0.0 rport 0" } = {}) =>
  `${foundation} 1 udp 1677729535 192.0.2.1 ${port} typ srflx raddr ${base}`;
const RELAY = "3 1 udp 33562623 192.0.2.9 6000 typ relay raddr 192.0.2.1 rport 5000";
const STUN = ["stun:a.example:3478", "stun:b.example:3478"];
const TURN = "turn:t.example:3478";

/** A report whose parts that are not about the case are as usual. */
const usual = (report: NetworkReport): NetworkReport => ({ turn: "off", ...report });
const MDNS: NetworkReport["candidates"] = ["mdns"];
const BOTH: NetworkReport["candidates"] = ["mdns", "srflx4"];

const rows: [
  what: string,
  urls: string[],
  candidates: string[],
  expected: NetworkReport,
  rest?: Partial<Gathered>,
][] = [
  ["no server is set", [], [HOST], usual({ candidates: MDNS, stun: "off" })],
  ["no server answers", STUN, [HOST], usual({ candidates: MDNS, stun: "silent" })],
  ["a browser hides all addresses", STUN, [], usual({ candidates: [] })],
  ["a public address is not told twice", STUN, [
    "1 1 udp 2113937151 192.0.2.1 5000 typ host",
  ], usual({ candidates: ["public4"] })],
  [
    "one server, so the NAT is not known",
    STUN.slice(1),
    [HOST, srflx(5000)],
    usual({
      candidates: BOTH,
      stun: "answers",
    }),
  ],
  [
    "two servers see one port",
    STUN,
    [HOST, srflx(5000)],
    usual({
      candidates: BOTH,
      stun: "answers",
      nat: "endpoint-independent",
    }),
  ],
  [
    "the second server may not have answered",
    STUN,
    [HOST, srflx(5000)],
    usual({
      candidates: BOTH,
      stun: "answers",
    }),
    { isComplete: false },
  ],
  [
    "the second server has not answered",
    STUN,
    [HOST, srflx(5000)],
    usual({
      candidates: BOTH,
      stun: "answers",
    }),
    { errors: [{ url: STUN[1]!, code: 701 }] },
  ],
  [
    "a server without IPv6",
    STUN,
    [HOST, srflx(5000)],
    usual({
      candidates: BOTH,
      stun: "answers",
      nat: "endpoint-independent",
    }),
    { errors: [{ url: STUN[1]!, code: 701, isV6: true }] },
  ],
  [
    "two servers see two ports",
    STUN,
    [HOST, srflx(5000), srflx(5001)],
    usual({
      candidates: BOTH,
      stun: "answers",
      nat: "endpoint-dependent",
    }),
    { isComplete: false },
  ],
  ["two ports of a base that is told", STUN, [
    HOST,
    srflx(5000, { foundation: "4", base: "10.0.0.7 rport 40000" }),
    srflx(5001, { foundation: "5", base: "10.0.0.7 rport 40000" }),
  ], usual({ candidates: BOTH, stun: "answers", nat: "endpoint-dependent" })],
  ["two interfaces have a port each", STUN, [
    HOST,
    srflx(5000, { base: "10.0.0.7 rport 40000" }),
    srflx(5001, { base: "10.0.1.7 rport 40000" }),
  ], usual({ candidates: BOTH, stun: "answers", nat: "endpoint-independent" })],
  ["TURN works", [TURN], [HOST, RELAY], {
    candidates: ["mdns", "relay"],
    stun: "off",
    turn: "works",
  }],
  ["TURN does not answer", [TURN], [HOST], { candidates: MDNS, stun: "off", turn: "unreachable" }, {
    errors: [{ url: TURN, code: 701 }],
  }],
  ["TURN refuses", [TURN], [HOST], { candidates: MDNS, stun: "off", turn: "refused" }, {
    errors: [{ url: TURN, code: 401 }],
  }],
  ["Firefox, which tells no errors", [TURN], [HOST], {
    candidates: MDNS,
    stun: "off",
    turn: "unreachable",
  }],
];
for (const [what, urls, candidates, expected, rest] of rows) {
  test(`what gathering has shown is judged: ${what}`, () => {
    const sdp = candidates.map((line) => `a=candidate:${line}\r\n`).join("");
    const gathered = { sdp, errors: [], isComplete: true, ...rest };
    assert.equal(judge(gathered, { iceServers: urls.map((url) => ({ urls: [url] })) }), expected);
  });
}

/** A connection that gathers those candidates at once. */
function connectionWith(candidates: string[]) {
  const seen: { servers: string[]; isClosed: boolean } = { servers: [], isClosed: false };
  const RTCPeerConnection = class {
    iceGatheringState = "new";
    localDescription = { sdp: candidates.map((line) => `a=candidate:${line}\r\n`).join("") };
    onicegatheringstatechange = () => {};
    constructor({ iceServers }: RTCConfiguration) {
      seen.servers = iceServers!.flatMap(({ urls }) => urls);
    }
    createDataChannel() {}
    createOffer() {}
    setLocalDescription() {
      queueMicrotask(() => {
        this.iceGatheringState = "complete";
        this.onicegatheringstatechange();
      });
    }
    close() {
      seen.isClosed = true;
    }
  } as unknown as typeof globalThis.RTCPeerConnection;
  return { RTCPeerConnection, seen };
}

test("a probe asks a second server beside the usual one, and leaves nothing open", async () => {
  const { RTCPeerConnection, seen } = connectionWith([HOST]);
  const ice = { iceServers: [{ urls: ["stun:stun.l.google.com:19302"] }] };
  const report = await probeNetwork({ ice, RTCPeerConnection, permissions: undefined });
  assert.equal(report, { candidates: ["mdns"], stun: "silent", turn: "off" });
  assert.is(seen.servers.length, 2);
  assert.ok(seen.isClosed);
});

test("a browser without WebRTC, or with a policy against it, says so", async () => {
  const ice = { iceServers: [] };
  const forbidden = class {
    constructor() {
      throw new DOMException("not here", "NotAllowedError");
    }
  } as unknown as typeof globalThis.RTCPeerConnection;
  assert.equal(await probeNetwork({ ice }), { webrtc: "off" });
  assert.equal(await probeNetwork({ ice, RTCPeerConnection: forbidden }), { webrtc: "off" });
});

test("a denied local network is told where it takes candidates away, by either name", async () => {
  const permissionsWith = (known: string) =>
    ({
      query: ({ name }: { name: string }) =>
        name === known ? { state: "denied" } : Promise.reject(new TypeError("unknown")),
    }) as unknown as Permissions;
  const cases: [known: string, candidates: string[], expected: string | undefined][] = [
    ["local-network", [srflx(5000)], "denied"],
    ["local-network-access", [srflx(5000)], "denied"],
    ["local-network", [HOST, srflx(5000)], undefined],
    ["none", [srflx(5000)], undefined],
  ];
  for (const [known, candidates, expected] of cases) {
    const { RTCPeerConnection } = connectionWith(candidates);
    const permissions = permissionsWith(known);
    const report = await probeNetwork({ ice: { iceServers: [] }, RTCPeerConnection, permissions });
    assert.is(report.localNetwork, expected);
  }
});

test.run();
