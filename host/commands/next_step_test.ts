// The program without a command, at a terminal and elsewhere.
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import * as assert from "uvu/assert";
import { PROGRAM, run, start } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";

const test = suite("next_step", { deadline: 30_000 });

const RELAY = { relay: "ws://127.0.0.1:9/prod", stun: "none" };

/** A user whose settings file has this text. */
async function setUp(text?: string) {
  const folder = temporaryFolder();
  await mkdir(join(folder, "lighthouse"));
  if (text !== undefined) await writeFile(join(folder, "lighthouse", "config.json"), text);
  return {
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    LIGHTHOUSE_STATE: join(folder, "state"),
    PATH: process.env.PATH,
    LIGHTHOUSE_NO_UPDATE_NOTICE: "1",
  };
}

/** What it prints at a terminal. */
function atTerminal(env: Record<string, string | undefined>): string {
  const { error, stdout, status } = spawnSync(
    "script",
    ["-qec", `stty cols 200; ${PROGRAM.join(" ")}`, "/dev/null"],
    { encoding: "utf8", env },
  );
  assert.is(error, undefined);
  assert.is(status, 0, stdout);
  return stripVTControlCharacters(stdout).replaceAll("\r", "");
}

const CASES: [what: string, settings: string | undefined, steps: RegExp][] = [
  [
    "no settings",
    undefined,
    /^Nothing is set up yet\..*\n {2}lighthouse-host dev 3000\n[^]*\n {2}lighthouse-host setup\n/,
  ],
  ["no backend", JSON.stringify(RELAY), /^Say which.*\n {2}lighthouse-host services add 3000\n/],
  [
    "no host that runs",
    JSON.stringify({ ...RELAY, backend: 3000 }),
    /^The host is set up.*\n {2}lighthouse-host run\n[^]*\n {2}lighthouse-host install\n/,
  ],
  ["a broken file", "{", /^warning: .*\nCorrect .*config\.json.*\n {2}lighthouse-host doctor\n/],
];
for (const [what, settings, steps] of CASES) {
  test(`with ${what}, a terminal gets the next step, and a pipe the help`, async () => {
    const environment = await setUp(settings);
    const shown = atTerminal(environment);
    assert.match(shown, steps);
    assert.match(shown, /\nAll commands:\n {2}lighthouse-host help\n/);
    const { code, output, errors } = await run([], environment);
    assert.equal([code, errors], [0, ""]);
    assert.match(output, /^lighthouse-host .*\n\nUsage: /);
  });
}

test("with a host that runs, it says how the host is", async () => {
  const environment = await setUp(JSON.stringify({ ...RELAY, backend: 3000 }));
  const host = start(["run"], environment);
  await host.until(/again in/);
  const shown = atTerminal(environment);
  assert.match(shown, /^● connecting for \d+ s: Cannot connect.*\nDevices paired: 0, pages/);
  assert.match(shown, /\nLook why:\n {2}lighthouse-host doctor\n/);
  await host.end();
});

test.run();
