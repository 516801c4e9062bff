// The file with the host's settings: JSON with comments, each setting under the name of its flag.
import {
  applyEdits,
  findNodeAtLocation,
  getNodeValue,
  modify,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LighthouseError } from "../../wire/mod.ts";
import { isReadByOthers, writePrivateFile } from "../platform/private_file.ts";
import { checkFile } from "../platform/private_folder.ts";
import { checkOf, formatConfigSchema } from "./config_schema.ts";
import { badSetting, hasPassword } from "./setting_parsers.ts";
import { SETTINGS, type Settings, type SettingsTable } from "./settings.ts";
import { suggestion } from "./suggest.ts";

/** Most bytes of the file. */
const MAX_BYTES = 256 * 1024;

/** The schema's file, beside the settings, for editors. */
const SCHEMA = "config.schema.json";

/** The format of the written file. */
const FORMAT = { formattingOptions: { insertSpaces: true, tabSize: 2, eol: "\n" } };

/** The settings file, read. */
export interface ConfigFile {
  path: string;
  /** Its settings; empty if there is no file. */
  settings: Settings;
  /** Its text; "" if there is no file. */
  text: string;
  /**
   * Adds the place in the file to an error about a setting.
   *
   * @param isElsewhere Whether the setting comes from a flag or a variable instead.
   */
  blame(error: unknown, isElsewhere: (name: string) => boolean): unknown;
}

/**
 * Reads the settings file.
 *
 * @throws {LighthouseError} `bad-config` with the file, line and column, and what was expected; or if
 * others can write to the file, or it holds a password and others can read it.
 */
export async function readConfigFile(
  path: string,
  table: SettingsTable = SETTINGS,
): Promise<ConfigFile> {
  let text = "";
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw badSetting(`${path} cannot be read: ${(error as Error).message}`);
    }
    return { path, settings: {}, text, blame: (error) => error };
  }
  if (text.length > MAX_BYTES) throw badSetting(`${path} is larger than ${MAX_BYTES} bytes`);
  const root = parse(path, text);
  const settings = settingsOf(root, (offset) => placeOf(path, text, offset), table);
  const { backend = "", service = [] } = settings;
  if ([backend, ...service].some(hasPassword) && isReadByOthers(await stat(path))) {
    throw badSetting(`${path} holds a password, and others can read it: chmod 600 ${path}`);
  }
  checkFile(path);
  return {
    path,
    settings,
    text,
    blame(error, isElsewhere) {
      if (!(error instanceof LighthouseError)) return error;
      // Messages name the setting by its flag.
      const [, name = ""] = /--([a-z-]+)/.exec(error.message) ?? [];
      const node = findNodeAtLocation(root, [name]);
      if (!node || isElsewhere(name)) return error;
      const why = error.message.replace(/^Cannot run: /, "");
      return badSetting(`${placeOf(path, text, node.offset)}: ${why}`);
    },
  };
}

/**
 * Writes settings into the file. Other settings and comments stay.
 *
 * @param changes By name; undefined removes a setting.
 */
export async function editConfigFile(
  { path, text }: Pick<ConfigFile, "path" | "text">,
  changes: Settings,
): Promise<void> {
  let edited = text;
  if (text.trim() === "") edited = `{\n  "$schema": "./${SCHEMA}"\n}\n`;
  for (const [name, value] of Object.entries(changes)) {
    edited = applyEdits(edited, modify(edited, [name], value, FORMAT));
  }
  await writePrivateFile(join(dirname(path), SCHEMA), formatConfigSchema());
  await writePrivateFile(path, edited);
}

function parse(path: string, text: string): Node {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) {
    // Turns CommaExpected into words.
    const what = printParseErrorCode(error.error).replace(/\B[A-Z]/g, " $&").toLowerCase();
    throw badSetting(`${placeOf(path, text, error.offset)}: this is no JSON: ${what}`);
  }
  if (root?.type === "object") return root;
  throw badSetting(`${path}:1:1: expected an object, such as { "relay": "wss://…" }`);
}

function settingsOf(
  root: Node,
  place: (offset: number) => string,
  table: SettingsTable,
): Settings {
  const settings: Record<string, unknown> = {};
  for (const { children = [] } of root.children ?? []) {
    const [key, node] = children;
    if (!key || !node) continue;
    const name = String(key.value);
    if (name === "$schema") continue;
    const setting = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!setting) {
      const names = Object.keys(table);
      const meant = suggestion(name, names) || `. There is ${names.join(", ")}`;
      throw badSetting(`${place(key.offset)}: "${name}" is no setting${meant}`);
    }
    if (Object.hasOwn(settings, name)) {
      throw badSetting(`${place(key.offset)}: "${name}" is there twice`);
    }
    const { wrongIn, expected } = checkOf(setting);
    const wrong = wrongIn(node);
    if (wrong) {
      throw badSetting(
        `${place(wrong.offset)}: "${name}": expected ${expected}, found ${foundIn(wrong)}`,
      );
    }
    const value: unknown = getNodeValue(node);
    settings[name] = typeof value === "number" ? String(value) : value;
  }
  return settings as Settings;
}

function foundIn({ type, value }: Node): string {
  return type === "string" ? `"${String(value).slice(0, 40)}"` : `a value of type ${type}`;
}

/** A place as compilers and editors write it: path, line and column. */
function placeOf(path: string, text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `${path}:${before.length}:${before.at(-1)!.length + 1}`;
}
