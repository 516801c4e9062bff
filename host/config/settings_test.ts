// The settings table: one entry is all that a new setting needs.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import type { Command } from "../cli/command.ts";
import { type FlagName, flagsOf, optionsOf } from "../cli/flags.ts";
import { formatHelp, formatManPage, formatMarkdown } from "../cli/help.ts";
import { readConfigFile } from "./config_file.ts";
import { formatConfigSchema } from "./config_schema.ts";
import { mergeSettings, parseSettings } from "./read_settings.ts";
import { type Setting, SETTINGS, settingsOf, variableOf } from "./settings.ts";

const test = suite("settings");

const speed: Setting = {
  kind: ["slow", "fast"],
  value: "SPEED",
  summary: "how fast",
  default: "slow",
  commands: ["run"],
  isLive: true,
  as: "speedLimit",
  parse: (text: string) => ({ speed: text }),
};
const table = { ...SETTINGS, "top-speed": speed };

test("a new entry is a flag, with its variable", () => {
  assert.equal(flagsOf(table)["top-speed"], {
    value: "SPEED",
    repeats: undefined,
    summary: "how fast",
    otherwise: "slow",
    environment: "LIGHTHOUSE_TOP_SPEED",
  });
});

test("a new entry is a flag of the commands that it names", () => {
  assert.ok(settingsOf("run", table).includes("top-speed"));
  assert.not.ok(settingsOf("doctor", table).includes("top-speed"));
  assert.not.ok(settingsOf(undefined, table).includes("top-speed"));
  const { commands: _, ...common } = speed;
  assert.ok(settingsOf(undefined, { "top-speed": common }).includes("top-speed"));
});

test("a new entry is an option of the command line", () => {
  const options = optionsOf(flagsOf(table));
  const { values } = parseArgs({ args: ["--top-speed", "fast"], options });
  assert.is(values["top-speed"], "fast");
});

test("a new entry is in help, in the man page and in docs/command-line.md", () => {
  const run: Command = {
    summary: "run",
    flags: settingsOf("run", table) as FlagName[],
    run: () => Promise.resolve(),
  };
  const flags = flagsOf(table);
  assert.match(formatHelp({ run }, "run", flags), /--top-speed SPEED +how fast; default: slow;/);
  assert.match(formatManPage({ run }, flags), "top\\-speed SPEED");
  const row = "| `--top-speed SPEED` | how fast | slow | `LIGHTHOUSE_TOP_SPEED` |";
  assert.match(formatMarkdown({ run }, flags), row);
});

test("a new entry is in the schema of the settings file", () => {
  const { properties } = JSON.parse(formatConfigSchema(table));
  assert.equal(properties["top-speed"], {
    description: "how fast (default: slow)",
    enum: ["slow", "fast"],
  });
});

test("a new entry is checked in the settings file", async () => {
  const path = join(temporaryFolder(), "config.json");
  await writeFile(path, '{ "top-speed": "fast" }');
  const { settings } = await readConfigFile(path, { table });
  assert.equal(settings, { "top-speed": "fast" });
  await writeFile(path, '{ "top-speed": "medium" }');
  const error = await readConfigFile(path, { table }).then(
    () => undefined,
    (error: Error) => error,
  );
  assert.match(error!.message, '"top-speed": expected "slow" or "fast", found "medium"');
  assert.match(error!.message, `${path}:1:16`);
});

const sources: [flags: object, environment: Record<string, string>, file: object, value: string][] =
  [
    [{}, {}, {}, "slow"],
    [{}, {}, { "top-speed": "file" }, "file"],
    [{}, { LIGHTHOUSE_TOP_SPEED: "variable" }, { "top-speed": "file" }, "variable"],
    [{}, { LIGHTHOUSE_TOP_SPEED: "" }, { "top-speed": "file" }, "file"],
    [{ "top-speed": "flag" }, { LIGHTHOUSE_TOP_SPEED: "variable" }, {}, "flag"],
  ];
for (const [flags, environment, file, value] of sources) {
  test(`a new entry reads ${value} from ${JSON.stringify([flags, environment, file])}`, () => {
    const settings = mergeSettings(flags, environment, file, table);
    const values = parseSettings({ relay: "wss://a.example/prod", ...settings }, table);
    assert.equal(values.speedLimit, { speed: value });
  });
}

test("variableOf() names a variable by its setting", () => {
  assert.is(variableOf("log-level"), "LIGHTHOUSE_LOG_LEVEL");
  assert.is(variableOf("service"), "LIGHTHOUSE_SERVICES");
});

test("each setting of the configuration has a member of its own", () => {
  const members = Object.values<Setting>(SETTINGS).flatMap(({ as }) => as ?? []);
  assert.is(new Set(members).size, members.length);
});

test.run();
