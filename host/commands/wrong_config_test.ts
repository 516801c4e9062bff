// The commands that a user needs in an emergency, with settings files that are wrong in every way.
import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { run, start } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { devicesFolder, readDevices, writeDevice } from "../access/devices.ts";

const test = suite("wrong config", { deadline: 30_000 });

const ID = "0123456789abcdef01234567";

/** A user's folders, with one paired device. */
async function setUp() {
  const folder = temporaryFolder();
  const state = join(folder, "state");
  await mkdir(state, { mode: 0o700 });
  await mkdir(devicesFolder(state), { mode: 0o700 });
  await writeDevice(devicesFolder(state), {
    id: ID,
    name: "my phone",
    key: Uint8Array.of(4, ...new Uint8Array(64)),
    tagKey: new Uint8Array(32),
    origin: "https://me.example",
    services: undefined,
    added: Date.parse("2026-01-01"),
    lastSeen: undefined,
    revoked: undefined,
  });
  const path = join(folder, "lighthouse", "config.json");
  await mkdir(dirname(path));
  return { folder, state, path, environment: { XDG_CONFIG_HOME: folder, LIGHTHOUSE_STATE: state } };
}

type At = Awaited<ReturnType<typeof setUp>>;

const text = (write: (at: At) => string) => (at: At) => writeFile(at.path, write(at));

/** Ways to break the file in which its state folder, if it has one, can still be read. */
const KEPT: [what: string, write: (at: At) => Promise<unknown>, warning: RegExp][] = [
  [
    "broken JSON",
    text(({ state }) => `{ "relay": wss, "state": ${JSON.stringify(state)} }`),
    /config\.json:1:12: this is not valid JSON/,
  ],
  [
    "no comma",
    text(({ state }) => `{ "state": ${JSON.stringify(state)} "relay": "wss://a.example" }`),
    /config\.json:1:\d+: this is not valid JSON: comma expected/,
  ],
  [
    "an unknown key",
    text(({ state }) => JSON.stringify({ rely: "x", state })),
    /"rely" is not a setting. Did you mean relay\? Going on/,
  ],
  ["a wrong type", text(({ state }) => JSON.stringify({ relay: 7, state })), /expected a text/],
  [
    "two troubles, and one warning",
    text(({ state }) => JSON.stringify({ relay: 7, state, stun: false, backend: [] })),
    /"relay": expected a text/,
  ],
  [
    "a byte order mark and a password that others can read",
    text(({ state }) => `\uFEFF${JSON.stringify({ backend: "http://u:p@127.0.0.1:1", state })}`),
    /holds a password, and others can read it/,
  ],
  [
    "a mode that lets others write",
    async ({ path, state }) => {
      await writeFile(path, JSON.stringify({ state }));
      await chmod(path, 0o666);
    },
    /others can write to it/,
  ],
];

/** Ways to break it in which nothing can be read. */
const LOST: typeof KEPT = [
  ["nothing in it", text(() => ""), /this is not valid JSON/],
  ["a list", text(() => "[]"), /expected an object/],
  ["a text without its end", text(({ state }) => `{"state": "${state}`), /not valid JSON/],
  ["a folder in its place", ({ path }) => mkdir(path), /cannot be read: EISDIR/],
  ["a link to itself", ({ path }) => symlink(path, path), /cannot be read: ELOOP/],
  ["a huge file", text(() => " ".repeat(300_000)), /is larger than/],
];

for (const [what, write, warning] of [...KEPT, ...LOST]) {
  test(`revoke and the like work, and warn once, with ${what}`, async () => {
    const at = await setUp();
    await write(at);
    const flags = ["--state", at.state];
    const cases: [args: string[], code: number, output: RegExp][] = [
      [["devices"], 0, /my phone/],
      [["devices", "--json"], 0, /^\{"devices":\[\{"id":"0123/],
      [["status"], 1, /No host runs with /],
      [["status", "--json"], 1, /^\{"running":false\}$/m],
      [["rename", "my phone", "old phone"], 0, /Renamed/],
      [["key"], 0, /^[\w-]{87}$/m],
      [["cost"], 0, /so far/],
      [["revoke", "old phone"], 0, /Revoked “old phone”/],
    ];
    const { XDG_CONFIG_HOME } = at.environment;
    for (const [args, code, output] of cases) {
      const found = await run([...args, ...flags], { XDG_CONFIG_HOME, LIGHTHOUSE_STATE: "" });
      assert.is(found.code, code, found.errors);
      assert.match(found.output, output);
      assert.match(found.errors, warning);
      assert.match(found.errors, /^warning: [^\n]+ Going on with the state folder [^\n]+\n$/);
    }
    const [device] = readDevices(devicesFolder(at.state));
    assert.type(device!.revoked, "number");
    const log = await run(["logs", ...flags], { XDG_CONFIG_HOME });
    assert.is(log.code, 1);
    assert.match(log.errors, /^warning: .*\nNo host runs with /);
    for (const args of [["version"], ["help"], ["completion", "bash"]]) {
      assert.equal((await run(args, { XDG_CONFIG_HOME })).errors, "");
    }
    const other = await run(["run", ...flags], { XDG_CONFIG_HOME });
    assert.is(other.code, 2);
    assert.not.match(other.errors, "Going on");
  });
}

for (const [what, write] of KEPT) {
  test(`the state folder of the file counts with ${what}`, async () => {
    const { environment, ...at } = await setUp();
    await write({ environment, ...at });
    const { output } = await run(["devices"], { ...environment, LIGHTHOUSE_STATE: "" });
    assert.match(output, "my phone");
  });
}

test("a wrong file does not lead to a new key in another folder than the one that it names", async () => {
  const at = await setUp();
  await writeFile(at.path, `{"state": "${at.state}`);
  const environment = {
    XDG_CONFIG_HOME: at.folder,
    XDG_STATE_HOME: at.folder,
    LIGHTHOUSE_STATE: "",
  };
  for (const command of ["key", "pair"]) {
    const { code, output, errors } = await run([command], environment);
    assert.is(code, 2);
    assert.is(output, "");
    assert.match(errors, /lighthouse has no host key. Correct .*config\.json, or name/);
  }
});

test("a file that others can write to does not lead to a folder of theirs", async () => {
  const at = await setUp();
  await chmod(at.state, 0o777);
  await writeFile(at.path, JSON.stringify({ state: at.state }));
  await chmod(at.path, 0o666);
  const { code, errors } = await run(["devices"], { ...at.environment, LIGHTHOUSE_STATE: "" });
  assert.is(code, 2);
  assert.match(errors, /Cannot use .*state: others can write to it/);
});

test("a running host ends a device that is revoked while its settings file is broken", async () => {
  const at = await setUp();
  const relay = "ws://127.0.0.1:9/prod";
  await writeFile(at.path, JSON.stringify({ relay, backend: 3000, stun: "none" }));
  const host = start(["run", "--json"], at.environment);
  await host.until(/"starting"/);
  await writeFile(at.path, "{ broken");
  const status = await run(["status", "--json"], at.environment);
  assert.match(status.output, '"running":true');
  assert.match(status.errors, /^warning: /);
  const logs = await run(["logs", "--json"], at.environment);
  assert.is(logs.code, 0);
  assert.match(logs.output, '"starting"');
  assert.is((await run(["revoke", "my phone"], at.environment)).code, 0);
  await host.until(/"device-revoked"/);
  const doctor = await run(["doctor", "--json"], at.environment);
  assert.match(doctor.output, /^\{"check":"settings","ok":false,"message":".*not valid JSON/);
  assert.match(doctor.output, '"check":"settings","ok":true,"message":"those of the host');
  await host.end();
});

test("without a state folder, nothing is lost and nothing is made", async () => {
  const at = await setUp();
  await rm(at.state, { recursive: true });
  assert.match((await run(["devices"], at.environment)).output, "No device is paired");
  assert.match((await run(["revoke", "x"], at.environment)).errors, "Cannot find a device x");
  const empty = await run(["devices", "--state", ""], at.environment);
  assert.is(empty.code, 2);
  assert.match(empty.errors, "error: Cannot list the devices: --state is empty");
});

test.run();
