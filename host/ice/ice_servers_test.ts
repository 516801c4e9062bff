import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { IceServer } from "../../wire/mod.ts";
import { IceServers } from "./ice_servers.ts";

const test = suite("ICE servers");

const HOUR = 3_600_000;

/** Keeps servers of one entry, whose source answers as `script` says at each time. */
function setUp(script: (time: number) => IceServer[]) {
  let time = 0;
  let renewals = 0;
  const lines: string[] = [];
  const servers = new IceServers({
    log: (level, event, message) => lines.push(`${level} ${event} ${message}`),
    clock: () => time,
    open: () => ({
      name: "a.example",
      renew: () => {
        renewals++;
        return Promise.resolve(time).then(script);
      },
    }),
  });
  const entry = { urls: ["turn:a"], secret: "s" };
  return {
    servers,
    entry,
    lines,
    get renewals() {
      return renewals;
    },
    async at(hours: number) {
      time = hours * HOUR;
      await servers.renew();
      return servers.current.map(({ credential }) => credential);
    },
  };
}

const lasting = (hours: number) => (time: number): IceServer[] => [
  {
    urls: ["turn:a"],
    username: "u",
    credential: `of ${time / HOUR}`,
    expires: time + hours * HOUR,
  },
];

test("a credential is renewed at half of its life", async () => {
  const run = setUp(lasting(24));
  using servers = run.servers;
  await servers.take([run.entry]);
  assert.equal(await run.at(11), ["of 0"]);
  assert.equal(await run.at(12), ["of 12"]);
  assert.equal(await run.at(13), ["of 12"]);
  assert.is(run.renewals, 2);
});

test("a credential without an end is asked for once", async () => {
  const run = setUp(() => [{ urls: ["turn:a"], username: "u", credential: "p" }]);
  using servers = run.servers;
  await servers.take([run.entry]);
  assert.equal(await run.at(10_000), ["p"]);
  assert.is(run.renewals, 1);
});

test("while renewals fail, the earlier credential is used until its end, and no longer", async () => {
  const run = setUp((time) => {
    if (time > 0 && time < 30 * HOUR) throw new Error("it refuses the token");
    return lasting(24)(time);
  });
  using servers = run.servers;
  await servers.take([run.entry]);
  assert.equal(await run.at(12), ["of 0"]);
  assert.match(
    run.lines[0]!,
    /^warn turn-not-renewed .*it refuses the token.*valid until 1970-01-02T00/,
  );
  // It is asked again after a minute, not at each look.
  assert.equal(await run.at(12.001), ["of 0"]);
  assert.is(run.renewals, 2);
  assert.equal(await run.at(24), []);
  assert.match(run.lines.at(-1)!, /Connections do without its servers meanwhile/);
  assert.equal(await run.at(30), ["of 30"]);
  assert.match(run.lines.at(-1)!, /^info turn-renewed a.example/);
});

test("a setting that did not change renews nothing, and one that did replaces all", async () => {
  const run = setUp(lasting(24));
  using servers = run.servers;
  await servers.take([run.entry]);
  await servers.take([{ ...run.entry }]);
  assert.is(run.renewals, 1);
  await servers.take([{ ...run.entry, secret: "t" }, run.entry]);
  assert.is(run.renewals, 3);
  assert.is(servers.current.length, 2);
  await servers.take(undefined);
  assert.equal(servers.current, []);
  assert.is(servers.forPage, undefined);
});

test("a page gets as many servers as fit into an answer", async () => {
  const run = setUp(() => {
    const urls = Array.from({ length: 8 }, (_, at) => `turn:${"n".repeat(60)}${at}.example:3478`);
    return Array.from({ length: 8 }, () => ({ urls, username: "u", credential: "p" }));
  });
  using servers = run.servers;
  await servers.take([run.entry]);
  assert.is(servers.current.length, 8);
  assert.is(servers.forPage?.length, 2);
  assert.ok(JSON.stringify(servers.forPage).length < 2100);
});

test.run();
