// Reads settings by their table: from the environment, merged by precedence, and checked.
import { badSetting } from "./setting_parsers.ts";
import {
  type Setting,
  type SettingName,
  SETTINGS,
  type Settings,
  type SettingsTable,
  variableOf,
} from "./settings.ts";

/** The settings of the environment. An empty variable counts as unset. */
export function readEnvironment(
  environment: Record<string, string | undefined>,
  table: SettingsTable = SETTINGS,
): Settings {
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, { kind, separator }]): [string, string | string[]][] => {
      const text = environment[variableOf(name, table)];
      if (!text) return [];
      if (kind !== "list") return [[name, text]];
      const items = text.split(separator?.pattern ?? /[\s,]+/).map((item) => item.trim());
      return [[name, items.filter(Boolean)]];
    }),
  );
}

/** Merges settings: flags take precedence over variables, and variables over the file. */
export function mergeSettings(
  flags: Settings,
  environment: Record<string, string | undefined>,
  file: Settings,
  table: SettingsTable = SETTINGS,
): Settings {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return { ...file, ...readEnvironment(environment, table), ...Object.fromEntries(given) };
}

/** The value of a setting: checked, or its default. */
export type ValueOf<name extends SettingName> = typeof SETTINGS[name] extends
  { parse: (...args: never) => infer value }
  ? typeof SETTINGS[name] extends { default: unknown } | { missing: string } ? value
  : value | undefined
  : never;

/**
 * Checks one setting, or fills in its default.
 *
 * @throws {LighthouseError} `bad-config`.
 */
export function parseSetting<name extends SettingName>(
  name: name,
  settings: Settings,
): ValueOf<name> {
  return parseBy(SETTINGS[name], name, settings[name]) as ValueOf<name>;
}

/**
 * Checks the settings that have a member of their own in the configuration (`as`).
 *
 * @returns Their values by that member.
 * @throws {LighthouseError} `bad-config`.
 */
export function parseSettings(
  settings: Settings,
  table: SettingsTable = SETTINGS,
): Record<string, unknown> {
  const given: Record<string, unknown> = settings;
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, setting]) =>
      setting.as === undefined ? [] : [[setting.as, parseBy(setting, name, given[name])]]
    ),
  );
}

function parseBy(setting: Setting, name: string, given: unknown): unknown {
  if (setting.missing && !given) throw badSetting(`--${name} is missing: ${setting.missing}`);
  const value = given ?? setting.default;
  if (value === undefined || !setting.parse) return value;
  return setting.parse(value as never, `--${name}`);
}
