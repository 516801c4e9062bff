// Says at a terminal that there is a newer version. Once a day at most, a process in the background asks
// npm's registry for it, and tells it nothing but the package's name.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { readConfigFile } from "../config/config_file.ts";
import { homeOf, pathsOf } from "../config/paths.ts";
import { writePrivateFile } from "../platform/private_file.ts";
import { LOOK_FOR_UPDATE } from "./program.ts";
import { line, paint, type Painted } from "../platform/terminal.ts";

const PACKAGE = "lighthouse-tunnel";

/** Time between two questions, in milliseconds. */
const EVERY_MS = 24 * 3_600_000;

/** Limits for the answer: time in milliseconds, and size in bytes. */
const ANSWER_MS = 10_000;
const MAX_BYTES = 64 * 1024;

type Environment = Record<string, string | undefined>;

/** What is known of the newest version. */
interface Known {
  /** When the registry was asked last, in milliseconds since 1970. */
  asked: number;
  latest?: string;
}

/** Options of {@linkcode updateNotice}. */
export interface UpdateNoticeOptions {
  /** This program's version. */
  version: string;
  /** The path of the program, for the process in the background. */
  program: string;
  environment: Environment;
}

/** Whether a notice may be shown at a terminal: nobody has said no, and no machine uses the terminal. */
export function mayNotify(environment: Environment): boolean {
  const { CI, NO_UPDATE_NOTIFIER, LIGHTHOUSE_NO_UPDATE_NOTICE } = environment;
  if (isNo(environment.LIGHTHOUSE_UPDATE_NOTICE)) return false;
  return ![CI, NO_UPDATE_NOTIFIER, LIGHTHOUSE_NO_UPDATE_NOTICE].some((each) => each && !isNo(each));
}

/** Whether a variable's text means no. */
function isNo(text: string | undefined): boolean {
  return /^(?:off|no|false|0)$/i.test(text ?? "");
}

/**
 * Returns the notice, if a newer version is known; and starts the process in the background, if a day has
 * passed. It waits for no network, and throws nothing.
 */
export async function updateNotice(options: UpdateNoticeOptions): Promise<Painted | undefined> {
  const { version, program, environment } = options;
  try {
    // A home that is not there, as that of a user of the system, is not made for this.
    if (!existsSync(homeOf(environment))) return undefined;
    const path = pathOf(environment);
    const known = read(path);
    const now = Date.now();
    const isDue = !(known.asked <= now && now - known.asked < EVERY_MS);
    const isNews = known.latest !== undefined && isNewer(known.latest, version);
    if (!isDue && !isNews || await isOff(environment)) return undefined;
    if (isDue) {
      // Where this cannot be noted, each command would ask.
      await writePrivateFile(path, JSON.stringify({ ...known, asked: now }));
      const args = [program, LOOK_FOR_UPDATE];
      spawn(process.execPath, args, { detached: true, stdio: "ignore", env: environment })
        .on("error", () => {}).unref();
    }
    if (!isNews) return undefined;
    const how = /[/\\]_npx[/\\]/.test(program) ? "npx" : "npm install --global";
    const notice =
      `${PACKAGE} ${known.latest} is out, and this is ${version}: ${how} ${PACKAGE}@latest`;
    const off = "LIGHTHOUSE_NO_UPDATE_NOTICE=1 hides this";
    return line`${paint("cyan", notice, process.stderr)}\n${paint("dim", off, process.stderr)}`;
  } catch {
    return undefined;
  }
}

/** Whether the settings file says no. Another error in it is not the matter here. */
async function isOff(environment: Environment): Promise<boolean> {
  const { config } = pathsOf(environment);
  const { settings } = await readConfigFile(config, { onTrouble: () => {} });
  return settings["update-notice"] === "off";
}

/**
 * Asks the registry for the newest version, and notes it. This is the process in the background.
 *
 * @param environment `npm_config_registry` names another registry than npm's.
 */
export async function lookForUpdate(environment: Environment): Promise<void> {
  const registry = environment.npm_config_registry || environment.NPM_CONFIG_REGISTRY ||
    "https://registry.npmjs.org";
  const url = new URL(`-/package/${PACKAGE}/dist-tags`, registry.replace(/\/*$/, "/"));
  const response = await fetch(url, {
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!response.ok || !response.body) return;
  let text = "";
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.length > MAX_BYTES) return;
  }
  const { latest } = JSON.parse(text) as { latest?: unknown };
  if (!isVersion(latest)) return;
  await writePrivateFile(pathOf(environment), JSON.stringify({ asked: Date.now(), latest }));
}

function pathOf(environment: Environment): string {
  return join(pathsOf(environment).cache, "update.json");
}

function read(path: string): Known {
  try {
    const { asked, latest } = JSON.parse(readFileSync(path, "utf8"));
    return {
      asked: typeof asked === "number" ? asked : -Infinity,
      ...isVersion(latest) && { latest },
    };
  } catch {
    return { asked: -Infinity };
  }
}

/** A release, and no text that somebody wants on a terminal. */
function isVersion(text: unknown): text is string {
  return typeof text === "string" && /^\d{1,6}\.\d{1,6}\.\d{1,6}$/.test(text);
}

/** Whether a version follows another one. A pre-release comes before its release. */
export function isNewer(version: string, than: string): boolean {
  const numbers = (text: string) => text.split(/[.+-]/, 3).map(Number);
  const [one, other] = [numbers(version), numbers(than)];
  const at = one.findIndex((number, index) => number !== other[index]);
  return at < 0 ? than.includes("-") : one[at]! > other[at]!;
}
