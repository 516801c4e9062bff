// `lighthouse-host pair`, `devices`, `revoke`, `rename`, `key`: the built program, as a user runs it.
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { run, start } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { codeLines, inTerminal, readCode, withoutColors } from "../../tools/testing/terminal.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { parsePairingFragment, toBase64url } from "../../wire/mod.ts";
import { Admissions } from "../access/admission.ts";
import { FolderAccessList } from "../access/access_list.ts";
import { devicesFolder, readDevices, revokeDevice, touchDevice } from "../access/devices.ts";
import { readIdentity } from "../access/host_key.ts";
import { pairingsFolder, readPairings } from "../access/pairings.ts";
import { createIdentity, ORIGIN } from "../testing/access.ts";

const test = suite("pair", { deadline: 30_000 });

const PAGE = "https://me.github.io/notes/";

function setUp() {
  const folder = temporaryFolder();
  const state = join(folder, "state");
  return {
    state,
    environment: { LIGHTHOUSE_STATE: state, XDG_CONFIG_HOME: folder },
  };
}

/** Columns, rows, variables and further flags. */
const AT_TERMINALS: [number, number, Record<string, string>, string[]][] = [
  [80, 24, {}, []],
  [80, 23, {}, ["--for", "/notes"]],
  [45, 40, { NO_COLOR: "1" }, []],
];

/** The link that `pair` prints at a terminal. */
function linkIn(lines: string[]): string {
  return lines.map((line) => withoutColors(line).trim()).find((line) => line.startsWith("http"))!;
}

/** Does what the daemon does when a device comes by the newest pairing. */
async function comeIn(state: string, name: string) {
  using accessList = FolderAccessList.open(state, () => {});
  const pairing = [...accessList.pairings].find(({ usedBy }) => usedBy === undefined)!;
  const key = (await createIdentity()).publicKey;
  return (await accessList.redeem(pairing, { key, origin: ORIGIN, name }))!;
}

/** Pairs a device without more ado. */
async function addDevice(at: { state: string; environment: Record<string, string> }, name: string) {
  await run(["pair", "--no-wait"], at.environment);
  return await comeIn(at.state, name);
}

test("pair prints a link and a code, waits for the device, and says who came", async () => {
  const at = setUp();
  const host = start(
    ["pair", "--page", PAGE, "--for", "/notes", "--for", "/files"],
    at.environment,
  );
  const { lines, until } = host;
  const link = (await until(/#lighthouse=/)).trim();
  await until(/lets one device in, once, until \d\d:\d\d/);
  assert.ok(link.startsWith(`${PAGE}#lighthouse=`));
  const { hostKey, secret } = parsePairingFragment(new URL(link).hash)!;
  assert.equal(hostKey, (await readIdentity(at.state)).publicKey);
  for (const sign of ["\x1b", "█", "▀", "▄"]) {
    assert.not.ok(lines.join().includes(sign), "a pipe gets no colours and no code");
  }

  const device = await comeIn(at.state, "Firefox on Android");
  const said = `Paired with “Firefox on Android” on ${ORIGIN}, for /notes, /files (${device.id})`;
  assert.is(await until(/Paired/), said);
  assert.is(await host.exited, 0);
  assert.equal(device.services, ["/notes", "/files"]);
  const kept = readPairings(pairingsFolder(at.state));
  assert.not.match(JSON.stringify(kept), toBase64url(secret));
});

test("at a terminal, pair ends with a code that fits into the window, and holds the link", async () => {
  for (const [columns, rows, variables, more] of AT_TERMINALS) {
    const at = setUp();
    const environment = { ...at.environment, TERM: "xterm-256color", ...variables };
    // A host that has registered gives links an admission, which makes them longer.
    await (await Admissions.open({ state: at.state })).create();
    const through = inTerminal(columns, rows);
    const host = start(["pair", "--no-wait", "--page", PAGE, ...more], environment, { through });
    assert.is(await host.exited, 0, host.errors);
    const code = codeLines(host.lines);
    assert.is(host.lines.slice(-code.length).map(withoutColors).join(), code.join());
    assert.equal([code[0]!.length, code.length], rows > 23 ? [45, 23] : [43, 22]);
    assert.is(readCode(code), linkIn(host.lines));
    assert.is(host.lines.join().includes("\x1b"), variables.NO_COLOR === undefined);
  }
});

test("the first link of run fits into a window, with the lines that follow it", async () => {
  const at = setUp();
  const flags = ["--relay", "ws://127.0.0.1:9/", "--backend", "9", "--page", PAGE];
  const through = inTerminal(80, 24);
  const host = start(["run", ...flags], { ...at.environment, TERM: "xterm-256color" }, { through });
  await host.until(/Cannot connect/);
  const code = codeLines(host.lines);
  assert.equal([code[0]!.length, code.length], [39, 20]);
  assert.is(readCode(code), linkIn(host.lines));
  const shown = host.lines.map(withoutColors);
  assert.ok(shown.length - shown.indexOf(code[0]!) < 24);
  await host.end();
});

test("a window that is too small gets the link, and is told the size", async () => {
  for (const [columns, rows] of [[80, 20], [40, 60]] as const) {
    const at = setUp();
    await (await Admissions.open({ state: at.state })).create();
    const through = inTerminal(columns, rows);
    const host = start(["pair", "--no-wait", "--page", PAGE], at.environment, { through });
    assert.is(await host.exited, 0, host.errors);
    assert.equal(codeLines(host.lines), []);
    assert.ok(linkIn(host.lines).startsWith(PAGE));
    const [note = ""] = /This window is too small.*/s.exec(host.lines.join("\n")) ?? [];
    assert.match(
      note.replaceAll("\n", " "),
      /too small .* needs 43 columns and 23 rows\. Make it larger/,
    );
    assert.not.match(note, "u000a");
  }
});

test("pair takes the name that is given, and the page from the environment", async () => {
  const at = setUp();
  const environment = { ...at.environment, LIGHTHOUSE_PAGE: PAGE };
  const host = start(["pair", "--json", "--name", "my phone"], environment);
  const { until } = host;
  const { link, expires } = JSON.parse(await until(/"pairing"/));
  assert.match(link, PAGE);
  assert.ok(Math.abs(Date.parse(expires) - Date.now() - 600_000) < 10_000);
  const { id } = await comeIn(at.state, "Firefox");
  assert.equal(JSON.parse(await until(/"paired"/)), {
    event: "paired",
    device: { id, name: "my phone", origin: ORIGIN, services: null },
  });
});

test("pair without a page prints the fragment, and says what to do with it", async () => {
  const at = setUp();
  const { code, output } = await run(["pair", "--no-wait"], at.environment);
  assert.is(code, 0);
  assert.match(output, /^ {2}#lighthouse=\d{155}$/m);
  assert.match(output, "behind the address of your page");
  assert.match(output, "--page");
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`pair that is ended by ${signal} takes its link back`, async () => {
    const at = setUp();
    const host = start(["pair", "--page", PAGE], at.environment);
    const { until, lines } = host;
    await until(/lets one device in/);
    const { code, ms } = await host.end(signal);
    assert.is(code, 1);
    assert.ok(ms < 2000);
    assert.match(lines.at(-1)!, "Cancelled");
    const [pairing] = readPairings(pairingsFolder(at.state));
    assert.ok(pairing!.expires <= Date.now());
  });
}

const wrong: [args: string[], message: RegExp][] = [
  [["pair", "--for", "notes"], /--for notes is no path of a service/],
  [["pair", "--name", "\n"], /--name has nothing/],
  [["pair", "--page", "me.github.io"], /--page is not a URL/],
  [["pair", "phone"], /Unexpected argument: phone/],
  [["run", "--for", "/notes"], /--for is for pair, not for run/],
  [["devices", "--public", "/"], /--public is for setup, init, run, doctor, not for devices/],
  [["devices", "phone"], /Unexpected argument/],
  [["revoke"], /Cannot revoke: DEVICE is missing/],
  [["revoke", "phone"], /Cannot find a device phone/],
  [["rename", "phone"], /Cannot rename: NAME is missing/],
];
for (const [args, message] of wrong) {
  test(`lighthouse-host ${args.join(" ")} is refused`, async () => {
    const at = setUp();
    const { code, output, errors } = await run(args, at.environment);
    assert.is(code, 2);
    assert.is(output, "");
    assert.match(errors, message);
  });
}

test("devices lists who is let in, revoke and rename change it", async () => {
  const at = setUp();
  const list = async () => (await run(["devices"], at.environment)).output;
  assert.match(await list(), "No device is paired");
  const phone = await addDevice(at, "phone");
  const tablet = await addDevice(at, "phone");
  await touchDevice(devicesFolder(at.state), phone.id);
  const [head, first, second] = (await list()).split("\n");
  assert.match(head!, /^NAME +ID +ADDED +LAST SEEN +SERVICES +SITE$/);
  assert.match(
    first!,
    new RegExp(`^phone +${phone.id} +\\d{4}-\\d\\d-\\d\\d +now +all +${ORIGIN}$`),
  );
  assert.match(second!, new RegExp(`^phone 2 +${tablet.id} +\\S+ +never +all`));

  const { devices } = JSON.parse((await run(["devices", "--json"], at.environment)).output);
  assert.equal(Object.keys(devices[0]), [
    "id",
    "name",
    "key",
    "origin",
    "services",
    "added",
    "lastSeen",
  ]);
  assert.is(devices[1].lastSeen, null);

  const renamed = await run(["rename", "phone 2", "tablet"], at.environment);
  assert.is(renamed.output, `Renamed “phone 2” to “tablet” (${tablet.id})\n`);
  assert.is((await run(["rename", "tablet", "phone"], at.environment)).code, 2);
  const revoked = await run(["revoke", tablet.id.slice(0, 6), "--json"], at.environment);
  assert.is(JSON.parse(revoked.output).revoked.name, "tablet");
  assert.not.match(await list(), "tablet");
  assert.is((await run(["revoke", "tablet"], at.environment)).code, 2);
  assert.is(readDevices(devicesFolder(at.state)).length, 2);
});

test("key prints the host's public key", async () => {
  const at = setUp();
  const { publicKey, fingerprint } = await readIdentity(at.state);
  const { output } = await run(["key"], at.environment);
  assert.is(output, `${toBase64url(publicKey)}\n`);
  const json = JSON.parse((await run(["key", "--json", "--state", at.state])).output);
  assert.equal(json, { key: toBase64url(publicKey), fingerprint });
});

test("a host key that others can read stops run and pair, and is not shown", async () => {
  const at = setUp();
  await readIdentity(at.state);
  const path = join(at.state, "host.key");
  await chmod(path, 0o644);
  const { d } = JSON.parse(await readFile(path, "utf8"));
  const commands = [["pair"], ["key"], [
    "run",
    "--relay",
    "ws://127.0.0.1:9",
    "--backend",
    "http://h",
  ]];
  for (const args of commands) {
    const { code, output, errors } = await run(args, at.environment);
    assert.is(code, 2);
    assert.match(errors, "others can read it");
    assert.not.match(output + errors, d);
  }
});

const RUN = ["run", "--relay", "ws://127.0.0.1:9/prod", "--backend", "http://127.0.0.1:9"];

test("run that nobody is paired with says how to, and no secret where it is no terminal", async () => {
  const at = setUp();
  for (const flags of [[], ["--json"]]) {
    const host = start([...RUN, ...flags], at.environment);
    const { lines, until } = host;
    await until(/no device is paired yet: lighthouse-host pair/);
    await host.end();
    assert.not.match(lines.join(), "#lighthouse=");
  }
  await addDevice(at, "phone");
  const host = start(RUN, at.environment);
  const { lines, until } = host;
  await until(/again in/);
  await host.end();
  assert.not.match(lines.join(), "no device is paired");
});

test("run --public says so loudly, and names what is public", async () => {
  const at = setUp();
  const services = [
    "--service",
    "/open=http://127.0.0.1:9",
    "--service",
    "/notes=http://127.0.0.1:9",
  ];
  const args = ["run", "--relay", "ws://127.0.0.1:9/prod", ...services];
  const some = start([...args, "--public", "/open"], at.environment);
  assert.match(await some.until(/▲.*PUBLIC/), "PUBLIC: /open: anybody");
  await some.end();
  const all = start([...args, "--public", "/", "--json"], at.environment);
  const line = JSON.parse(await all.until(/"public"/));
  assert.is(line.level, "warn");
  assert.match(line.message, "ALL SERVICES ARE PUBLIC");
  assert.is(line.hostKey, toBase64url((await readIdentity(at.state)).publicKey));
  await all.end();
  const none = await run([...args, "--public", "/other"], at.environment);
  assert.is(none.code, 2);
  assert.match(none.errors, "--public /other is for no service. There is: /open, /notes");
});

test("a revoked device is remembered, and revoking is safe to repeat", async () => {
  const at = setUp();
  const phone = await addDevice(at, "phone");
  await revokeDevice(devicesFolder(at.state), phone.id);
  await revokeDevice(devicesFolder(at.state), phone.id);
  assert.match((await run(["devices"], at.environment)).output, "No device is paired");
});

test.run();
