import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { NetworkReport } from "../signal/report.ts";
import { diagnose, waysOf } from "./diagnose.ts";
import { type Cause, CAUSES, type Cure, CURES } from "./texts.ts";

const test = suite("diagnose");

/** Ends behind usual routers. */
const CONE: NetworkReport = {
  candidates: ["private4", "srflx4"],
  stun: "answers",
  nat: "endpoint-independent",
};
const SYMMETRIC: NetworkReport = { ...CONE, nat: "endpoint-dependent" };
const NO_UDP: NetworkReport = { candidates: ["private4"], stun: "silent" };
const NO_STUN: NetworkReport = { candidates: ["private4"], stun: "off" };
const PUBLIC: NetworkReport = { candidates: ["public4"], stun: "answers", nat: "none" };
const V6: NetworkReport = { candidates: ["public6"], stun: "answers" };
const RELAYED = { way: "relayed" } as const;
const NOTHING_SET = { port: "off", turn: "off", relay: "on" } as const;
const MAPPED = { port: "mapped" } as const;
/** The same network as seen by a page: its addresses are hidden. */
const asPage = (report: NetworkReport): NetworkReport => ({
  ...report,
  candidates: report.candidates?.map((kind) => kind === "private4" ? "mdns" : kind),
});

const rows: [
  what: string,
  page: NetworkReport | undefined,
  host: NetworkReport | undefined,
  cause: Cause,
  ...cures: Cure[],
][] = [
  ["nothing known", undefined, undefined, "untried"],
  ["an older host", { ...CONE, ...RELAYED }, undefined, "unknown", "add-turn"],
  ["cone–cone, direct", { ...CONE, way: "direct" }, CONE, "direct"],
  ["direct on one network without UDP to others", { ...NO_UDP, way: "direct" }, NO_UDP, "direct"],
  ["cone–cone, not tried", CONE, CONE, "untried"],
  ["no WebRTC", { webrtc: "off" }, CONE, "no-webrtc", "enable-webrtc"],
  [
    "no addresses",
    { ...CONE, candidates: [], ...RELAYED },
    CONE,
    "hidden-addresses",
    "allow-addresses",
  ],
  [
    "cone–cone, which fails",
    { ...CONE, ...RELAYED },
    { ...CONE, ...NOTHING_SET },
    "unknown",
    "allow-port",
    "add-turn",
  ],

  // UDP.
  [
    "UDP blocked at the page",
    { ...NO_UDP, ...RELAYED },
    CONE,
    "page-no-udp",
    "page-udp",
    "add-turns",
  ],
  [
    "UDP blocked at the page, and a mapped port",
    { ...NO_UDP, ...RELAYED },
    { ...CONE, ...MAPPED },
    "page-no-udp",
    "page-udp",
    "add-turns",
  ],
  [
    "UDP blocked at the page, TURN at the host only",
    { ...NO_UDP, turn: "off", ...RELAYED },
    { ...CONE, turn: "works" },
    "page-no-udp",
    "page-udp",
    "add-turns",
  ],
  [
    "UDP blocked at the page, TURN refuses it",
    { ...NO_UDP, turn: "refused", ...RELAYED },
    CONE,
    "page-no-udp",
    "page-udp",
    "turn-refused",
  ],
  [
    "UDP blocked at the host",
    { ...CONE, ...RELAYED },
    NO_UDP,
    "host-no-udp",
    "host-udp",
    "add-turns",
  ],
  [
    "UDP blocked at the host by its VPN",
    { ...CONE, ...RELAYED },
    { ...NO_UDP, vpn: "on" },
    "host-no-udp",
    "host-udp",
    "pause-vpn",
    "add-turns",
  ],
  [
    "UDP blocked at the host, TURN unreachable",
    { ...CONE, ...RELAYED },
    { ...NO_UDP, turn: "unreachable" },
    "host-no-udp",
    "host-udp",
    "turn-unreachable",
  ],
  [
    "UDP blocked at both",
    { ...NO_UDP, ...RELAYED },
    NO_UDP,
    "both-no-udp",
    "page-udp",
    "host-udp",
    "add-turns",
  ],
  [
    "UDP blocked at the page, a symmetric NAT at the host",
    { ...NO_UDP, ...RELAYED },
    SYMMETRIC,
    "page-no-udp",
    "page-udp",
    "add-turns",
  ],

  // STUN that is not set.
  ["no STUN at the host", { ...CONE, ...RELAYED }, NO_STUN, "host-no-stun", "set-stun"],
  ["no STUN at the page", { ...NO_STUN, ...RELAYED }, CONE, "page-no-stun", "set-stun"],
  ["no STUN at all", { ...NO_STUN, ...RELAYED }, NO_STUN, "both-no-stun", "set-stun"],
  ["no STUN, not tried", NO_STUN, NO_STUN, "both-no-stun", "set-stun"],
  [
    "no STUN, and the user has denied the local network",
    { ...NO_STUN, ...RELAYED, localNetwork: "denied" },
    NO_STUN,
    "local-network",
    "allow-local-network",
  ],
  ["no STUN at a page of a public host", { ...NO_STUN, ...RELAYED }, PUBLIC, "unknown", "add-turn"],

  // NATs.
  [
    "symmetric–cone",
    { ...SYMMETRIC, ...RELAYED },
    { ...CONE, ...NOTHING_SET },
    "page-symmetric",
    "allow-port",
    "add-turn",
  ],
  [
    "cone–symmetric",
    { ...CONE, ...RELAYED },
    { ...SYMMETRIC, ...NOTHING_SET, port: "none" },
    "host-symmetric",
    "router-port",
    "add-turn",
  ],
  [
    "symmetric–symmetric",
    { ...SYMMETRIC, ...RELAYED },
    { ...SYMMETRIC, ...NOTHING_SET },
    "both-symmetric",
    "allow-port",
    "add-turn",
  ],
  [
    "symmetric–symmetric behind a provider's NAT",
    { ...SYMMETRIC, ...RELAYED },
    { ...SYMMETRIC, ...NOTHING_SET, port: "unreachable" },
    "both-symmetric",
    "public-address",
    "add-turn",
  ],
  [
    "symmetric–symmetric through TURN",
    { ...SYMMETRIC, way: "turn" },
    { ...SYMMETRIC, ...NOTHING_SET, turn: "works" },
    "both-symmetric",
    "allow-port",
  ],
  [
    "UDP blocked at the page, through its own TURN server",
    { ...NO_UDP, way: "turn" },
    { ...CONE, ...NOTHING_SET },
    "page-no-udp",
    "page-udp",
  ],
  [
    "UDP blocked at the page, which has not tried the host's TURN server yet",
    { ...NO_UDP, ...RELAYED },
    { ...CONE, turn: "works" },
    "page-no-udp",
    "page-udp",
  ],
  [
    "UDP blocked at the page, which does not reach the TURN server that the host reaches",
    { ...NO_UDP, turn: "unreachable", ...RELAYED },
    { ...CONE, turn: "works" },
    "page-no-udp",
    "page-udp",
    "add-turns",
  ],
  [
    "symmetric–symmetric, TURN refuses the host",
    { ...SYMMETRIC, ...RELAYED },
    { ...SYMMETRIC, port: "none", turn: "refused" },
    "both-symmetric",
    "router-port",
    "turn-refused",
  ],
  [
    "a symmetric NAT at the host, of its VPN",
    { ...CONE, ...RELAYED },
    { ...SYMMETRIC, vpn: "on" },
    "host-symmetric",
    "pause-vpn",
    "add-turn",
  ],
  ["symmetric–mapped port, not tried", SYMMETRIC, { ...SYMMETRIC, ...MAPPED }, "untried"],
  [
    "symmetric–mapped port, which fails",
    { ...SYMMETRIC, ...RELAYED },
    { ...CONE, ...MAPPED },
    "unknown",
    "add-turn",
  ],
  ["symmetric–public, not tried", SYMMETRIC, PUBLIC, "untried"],
  ["public–symmetric, not tried", PUBLIC, SYMMETRIC, "untried"],

  // IPv4 and IPv6.
  ["IPv6–IPv4", { ...V6, ...RELAYED }, CONE, "no-common-ip", "add-turn"],
  [
    "IPv6–both, not tried",
    V6,
    { ...CONE, candidates: ["private4", "srflx4", "public6"] },
    "untried",
  ],
  [
    "a hidden address may be either",
    { candidates: ["mdns"] },
    { candidates: ["public6"] },
    "untried",
  ],

  // Local Network Access.
  [
    "the local network denied",
    { ...CONE, candidates: ["srflx4"], ...RELAYED, localNetwork: "denied" },
    CONE,
    "local-network",
    "allow-local-network",
  ],

  // The relay.
  [
    "UDP blocked at the page, and no relayed sessions",
    { ...NO_UDP, way: "none" },
    { ...CONE, relay: "off" },
    "page-no-udp",
    "page-udp",
    "add-turns",
    "allow-relay",
  ],
  [
    "symmetric–symmetric, and the budget is spent",
    { ...SYMMETRIC, way: "none" },
    { ...SYMMETRIC, port: "off", relay: "spent" },
    "both-symmetric",
    "allow-port",
    "add-turn",
    "relay-spent",
  ],
];
for (const [what, page, host, cause, ...cures] of rows) {
  test(`${what}: ${cause}`, () => {
    assert.equal(diagnose(page, host), { cause, cures });
    assert.is(diagnose(page && asPage(page), host).cause, cause);
  });
}

test("the table has each cause and each cure", () => {
  const named = new Set<string>(rows.flatMap(([, , , ...codes]) => codes));
  assert.equal(Object.keys({ ...CAUSES, ...CURES }).filter((code) => !named.has(code)), []);
});

/** All reports of an end that these states make. */
function combine(
  states: { [name in keyof NetworkReport]: NetworkReport[name][] },
): NetworkReport[] {
  return Object.entries(states).reduce<NetworkReport[]>(
    (reports, [name, values]) =>
      reports.flatMap((report) =>
        values.map((value) => value === undefined ? report : { ...report, [name]: value })
      ),
    [{}],
  );
}

test("over all networks: what fails has a cure, and what works has none", () => {
  const pages = combine({
    way: [undefined, "direct", "turn", "relayed", "none"],
    candidates: [undefined, [], ["mdns"], ["public6"]],
    stun: [undefined, "off", "answers", "silent"],
    nat: [undefined, "none", "endpoint-independent", "endpoint-dependent"],
    turn: [undefined, "off", "works"],
  });
  const hosts = combine({
    candidates: [undefined, ["private4", "srflx4"]],
    stun: [undefined, "off", "silent"],
    nat: [undefined, "none", "endpoint-dependent"],
    turn: ["off", "unreachable", "works"],
    port: [undefined, "off", "mapped"],
    relay: ["on", "off"],
  });
  for (const page of pages) {
    for (const host of hosts) {
      const { cause, cures } = diagnose(page, host);
      const isFine = cause === "direct" || cause === "untried";
      const hasTurn = page.way === "turn" || page.turn === "works" || host.turn === "works";
      if (page.way === "turn") assert.not(/turn/.test(cures.join()), cures.join());
      if (isFine) assert.is(cures.length, 0);
      if (page.way === "direct") assert.is(cause, "direct");
      if (page.way && page.way !== "direct") assert.not.ok(isFine);
      if (!isFine && !hasTurn && cures.length === 0) {
        assert.unreachable(JSON.stringify([page, host]));
      }
      if (page.way === "none") assert.is(cures.includes("allow-relay"), host.relay === "off");
    }
  }
});

const ways: [page: NetworkReport | undefined, host: NetworkReport | undefined, expected: string][] =
  [
    [undefined, undefined, "unknown unknown unknown unknown"],
    [{ way: "direct", turn: "off" }, { ...NOTHING_SET }, "used off off open"],
    [
      { way: "relayed" },
      { port: "none", turn: "refused", relay: "on" },
      "failed failed failed used",
    ],
    [
      { way: "turn", turn: "off" },
      { port: "unreachable", turn: "works" },
      "failed failed used unknown",
    ],
    [{ way: "none", turn: "off" }, { port: "mapped", relay: "spent" }, "failed open off spent"],
    [{ turn: "unreachable" }, { turn: "works", relay: "off" }, "unknown unknown open off"],
  ];
for (const [page, host, expected] of ways) {
  test(`the states of the ways: ${expected}`, () => {
    const { direct, mapped, turn, relayed } = waysOf(page, host);
    assert.is([direct, mapped, turn, relayed].join(" "), expected);
  });
}

test.run();
