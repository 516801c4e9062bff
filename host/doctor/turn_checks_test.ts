import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { NetworkReport } from "../../wire/mod.ts";
import type { TurnVerdict } from "./turn.ts";
import { checkTurnServers, serversOf, turnOf } from "./turn_checks.ts";

const test = suite("turn checks");

test("each TURN server is asked with its credentials, and STUN servers are not", async () => {
  const asked: unknown[] = [];
  const checked = await checkTurnServers(
    [
      { urls: ["stun:a.example", "turn:b.example:9"], username: "u", credential: "p" },
      { urls: ["turns:c.example"], username: "v", credential: "q" },
    ],
    ({ host, port, transport }, credentials) => {
      asked.push([host, port, transport, credentials]);
      return Promise.resolve({ outcome: "well", ms: 1 });
    },
  );
  assert.equal(asked, [
    ["b.example", 9, "udp", { username: "u", credential: "p" }],
    ["c.example", 5349, "tls", { username: "v", credential: "q" }],
  ]);
  assert.equal(checked.map(({ url }) => url), ["turn:b.example:9", "turns:c.example"]);
});

const WELL: TurnVerdict = { outcome: "well", ms: 1 };
const REFUSED: TurnVerdict = { outcome: "refused", code: 401, reason: "Unauthorized" };
const AWAY: TurnVerdict = { outcome: "unreachable", reason: "no answer" };
const states: [verdicts: TurnVerdict[], expected: NetworkReport["turn"]][] = [
  [[], "off"],
  [[AWAY, WELL], "works"],
  [[AWAY, REFUSED], "refused"],
  [[AWAY], "unreachable"],
];
for (const [verdicts, expected] of states) {
  const said = verdicts.map(({ outcome }) => outcome).join(", ") || "no server";
  test(`${said}: TURN ${expected}`, () => {
    assert.is(turnOf(verdicts.map((verdict) => ({ url: "turn:a.example", verdict }))), expected);
  });
}

test("credentials are made of the setting, and what prevents that is told", async () => {
  const found = await serversOf([{ urls: ["turn:a.example"], secret: "s" }]);
  assert.equal(found.servers.map(({ urls }) => urls), [["turn:a.example"]]);
  assert.ok(found.servers[0]!.credential);
  assert.equal(found.troubles, []);
});

test.run();
