// The settings table: one entry is all that a new setting needs.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { flagsOf } from "../cli/flags.ts";
import { readConfigFile } from "./config_file.ts";
import { formatConfigSchema } from "./config_schema.ts";
import {
  mergeSettings,
  parseSettings,
  type Setting,
  SETTINGS,
  settingsOf,
  type SettingsTable,
  variableOf,
} from "./settings.ts";

const test = suite("settings");

const speed: Setting = {
  kind: ["slow", "fast"],
  value: "SPEED",
  summary: "how fast",
  otherwise: "slow",
  commands: ["run"],
  isLive: true,
  as: "speedLimit",
  parse: (text = "slow") => ({ speed: text }),
};
const table: SettingsTable = { ...SETTINGS, "top-speed": speed };

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
});

test("a new entry is in the schema of the settings file", () => {
  const { properties } = JSON.parse(formatConfigSchema(table));
  assert.equal(properties["top-speed"], {
    description: "how fast (without: slow)",
    enum: ["slow", "fast"],
  });
});

test("a new entry is checked in the settings file", async () => {
  const path = join(temporaryFolder(), "config.json");
  await writeFile(path, '{ "top-speed": "fast" }');
  const { settings } = await readConfigFile(path, table);
  assert.equal(settings, { "top-speed": "fast" });
  await writeFile(path, '{ "top-speed": "medium" }');
  const error = await readConfigFile(path, table).then(() => undefined, (error: Error) => error);
  assert.match(error!.message, '"top-speed": expected "slow" or "fast", found "medium"');
  assert.match(error!.message, `${path}:1:16`);
});

for (
  const [flags, environment, file, value] of [
    [{}, {}, {}, "slow"],
    [{}, {}, { "top-speed": "file" }, "file"],
    [{}, { LIGHTHOUSE_TOP_SPEED: "variable" }, { "top-speed": "file" }, "variable"],
    [{}, { LIGHTHOUSE_TOP_SPEED: "" }, { "top-speed": "file" }, "file"],
    [{ "top-speed": "flag" }, { LIGHTHOUSE_TOP_SPEED: "variable" }, {}, "flag"],
  ] as const
) {
  test(`a new entry reads ${value} from ${JSON.stringify([flags, environment, file])}`, () => {
    const settings = mergeSettings<Record<string, string>>(flags, environment, file, table);
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
