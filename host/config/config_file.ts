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
import { holdsSecret } from "./ice_servers.ts";
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

/** Options of {@linkcode readConfigFile}. */
export interface ReadOptions {
  table?: SettingsTable;
  /** Called with each trouble; the settings without trouble count. @default throws the first one */
  onTrouble?: (trouble: Error) => void;
}

/**
 * Reads the settings file.
 *
 * @throws {LighthouseError} `bad-config` with the file, line and column, and what was expected; or if
 * others can write to the file, or it holds a password and others can read it.
 */
export async function readConfigFile(
  path: string,
  { table = SETTINGS, onTrouble = refuse }: ReadOptions = {},
): Promise<ConfigFile> {
  const empty: ConfigFile = { path, settings: {}, text: "", blame: (error) => error };
  let text: string;
  try {
    // Some editors of Windows write a byte order mark.
    text = (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return empty;
    onTrouble(badSetting(`${path} cannot be read: ${(error as Error).message}`));
    return empty;
  }
  if (text.length > MAX_BYTES) {
    onTrouble(badSetting(`${path} is larger than ${MAX_BYTES} bytes`));
    return empty;
  }
  const root = parse(path, text, onTrouble);
  if (!root) return { ...empty, text };
  const settings = settingsOf(root, { place: (at) => placeOf(path, text, at), table, onTrouble });
  const { backend = "", service = [], "ice-servers": servers = "" } = settings;
  const hasSecret = [backend, ...service].some(hasPassword) || holdsSecret(servers);
  if (hasSecret && isReadByOthers(await stat(path))) {
    const cure = `chmod 600 ${path}`;
    onTrouble(badSetting(`${path} holds a password, and others can read it: ${cure}`));
  }
  try {
    checkFile(path);
  } catch (error) {
    onTrouble(error as Error);
  }
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
      return badSetting(`${placeOf(path, text, node.offset)}: ${error.message}`);
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

function refuse(trouble: Error): never {
  throw trouble;
}

/** @returns Undefined if there is no object to read. Texts that are not closed are not in it. */
function parse(
  path: string,
  text: string,
  onTrouble: (trouble: Error) => void,
): Node | undefined {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) {
    // Turns CommaExpected into words.
    const what = printParseErrorCode(error.error).replace(/\B[A-Z]/g, " $&").toLowerCase();
    onTrouble(badSetting(`${placeOf(path, text, error.offset)}: this is not valid JSON: ${what}`));
  }
  if (root?.type !== "object") {
    if (error) return undefined;
    onTrouble(badSetting(`${path}:1:1: expected an object, such as { "relay": "wss://…" }`));
    return undefined;
  }
  const isWhole = ({ offset, length }: Node) =>
    errors.every((each) => each.offset >= offset + length || each.offset + each.length <= offset);
  return { ...root, children: root.children?.filter(isWhole) };
}

function settingsOf(
  root: Node,
  { place, table, onTrouble }: Required<ReadOptions> & { place: (offset: number) => string },
): Settings {
  const settings: Record<string, unknown> = {};
  for (const { children = [] } of root.children ?? []) {
    const [key, node] = children;
    if (!key || !node) continue;
    const name = String(key.value);
    if (name === "$schema") continue;
    const trouble = troubleOf(name, node, settings, table);
    if (trouble) {
      const [offset, why] = trouble;
      onTrouble(badSetting(`${place(offset ?? key.offset)}: "${name}"${why}`));
      continue;
    }
    const value: unknown = getNodeValue(node);
    const isServers = table[name]!.kind === "servers" && typeof value !== "string";
    if (isServers) settings[name] = JSON.stringify(value);
    else settings[name] = typeof value === "number" ? String(value) : value;
  }
  return settings as Settings;
}

/** @returns What is wrong with a setting, and where, if it is not at its name. */
function troubleOf(
  name: string,
  node: Node,
  before: Record<string, unknown>,
  table: SettingsTable,
): [offset: number | undefined, why: string] | undefined {
  const setting = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!setting) {
    const names = Object.keys(table);
    const meant = suggestion(name, names) || `. There is ${names.join(", ")}`;
    return [undefined, ` is not a setting${meant}`];
  }
  if (Object.hasOwn(before, name)) return [undefined, " is there twice"];
  const { wrongIn, expected } = checkOf(setting);
  const wrong = wrongIn(node);
  return wrong && [wrong.offset, `: expected ${expected}, found ${foundIn(wrong)}`];
}

function foundIn({ type, value }: Node): string {
  return type === "string" ? `"${String(value).slice(0, 40)}"` : `a value of type ${type}`;
}

/** A place as compilers and editors write it: path, line and column. */
function placeOf(path: string, text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `${path}:${before.length}:${before.at(-1)!.length + 1}`;
}
