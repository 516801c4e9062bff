import * as assert from "uvu/assert";
import { run } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { parseCommandLine } from "./parse.ts";
import { UsageError } from "./usage_error.ts";

const test = suite("hints", { deadline: 20_000 });

/** Command lines, and what is said of them. */
const CASES: [line: string[], message: string][] = [
  [["start"], "Unknown command: start. Did you mean run, or install?"],
  [["Up"], "Unknown command: Up. Did you mean run, or install?"],
  [["ls"], "Unknown command: ls. Did you mean devices, or services?"],
  [["list", "--json"], "Unknown command: list. Did you mean devices, or services?"],
  [["http"], "Unknown command: http. Did you mean dev PORT?"],
  [["http", "3000"], "Unknown command: http. Did you mean dev 3000?"],
  [["share", "./public"], "Unknown command: share. Did you mean dev ./public?"],
  [["3000"], "Unknown command: 3000. Did you mean dev 3000?"],
  [[":3000"], "Unknown command: :3000. Did you mean dev :3000?"],
  [["localhost:3000"], "Unknown command: localhost:3000. Did you mean dev localhost:3000?"],
  [["http://h:1/"], "Unknown command: http://h:1/. Did you mean dev http://h:1/?"],
  [["."], "Unknown command: .. Did you mean dev .?"],
  [
    ["update"],
    "Unknown command: update. npm install --global lighthouse-tunnel@latest updates this program",
  ],
  [["Devices"], "Unknown command: Devices. Did you mean devices?"],
  [["devcies"], "Unknown command: devcies. Did you mean devices?"],
  [["serv"], "Unknown command: serv. Did you mean services?"],
  [["constructor"], "Unknown command: constructor"],
  [["run", "3000"], "Unexpected argument: 3000. Did you mean run --backend 3000?"],
  [
    ["run", "as=proxy"],
    "Unexpected argument: as=proxy. Quote a backend with its options: '5000 as=proxy'",
  ],
  [["pair", "phone"], 'Unexpected argument: phone. Did you mean pair --name "phone"?'],
  [
    ["revoke", "my", "phone"],
    'Unexpected argument: phone. Quote a name that has spaces: "my phone"',
  ],
  [["logs", "100"], "Unexpected argument: 100. Did you mean logs --lines 100?"],
  [["status", "devices"], "Unexpected argument: devices. Did you mean devices?"],
  [["run", "--back", "3000"], "Unknown option: --back. Did you mean --backend?"],
  [["run", "--target", "3000"], "Unknown option: --target. Did you mean --backend URL?"],
  [["logs", "--tail", "5"], "Unknown option: --tail. Did you mean --lines N, or --follow?"],
  [["devices", "--verbose"], "Unknown option: --verbose"],
  [["pair", "--no-weit"], "Unknown option: --no-weit. Did you mean --no-wait?"],
  [["pair", "--Name=x"], "Unknown option: --Name. Did you mean --name?"],
  [["run", "--backend"], "--backend needs a value: --backend URL"],
  [
    ["run", "--backend", "--json"],
    '--backend needs a value: --backend URL. A value that begins with a dash follows "=": --backend=-…',
  ],
  [["run", "--json=yes"], "--json takes no value"],
];
for (const [line, message] of CASES) {
  test(`lighthouse-host ${line.join(" ")}: ${message}`, () => {
    try {
      parseCommandLine(line);
    } catch (error) {
      assert.instance(error, UsageError);
      return assert.is((error as Error).message, message);
    }
    assert.unreachable();
  });
}

test("help hints too, and each error of settings says what has failed", async () => {
  assert.match((await run(["help", "start"])).errors, "Did you mean run, or install?");
  assert.match((await run(["logs", "--lines", "x"])).errors, "error: Cannot show the log: --lines");
  assert.match((await run(["pair", "--name", "\u200b"])).errors, "error: Cannot pair: --name has");
  const added = await run(["services", "add", "/a="]);
  assert.match(added.errors, "error: Cannot list or change the services: --service /a leads");
  assert.match((await run(["init", "-"])).errors, "error: Cannot init: the stack's outputs");
});

test.run();
