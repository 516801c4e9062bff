// What `setup` has to know: from flags, from the answers of an earlier run, or asked at the terminal.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { parsePage } from "../config/config.ts";
import {
  formatService,
  hasServices,
  parseServices,
  type ServiceSettings,
} from "../config/service_config.ts";
import {
  badSetting,
  isSecurePage,
  parseFunctionName,
  parseHost,
  parseRegion,
} from "../config/setting_parsers.ts";
import type { Settings } from "../config/settings.ts";
import { writePrivateFile } from "../platform/private_file.ts";
import { print } from "../platform/terminal.ts";
import { ask, confirm } from "./questions.ts";
import { SetupError } from "./setup_error.ts";

/** What `setup` sets up: texts, as the flags have them. */
export interface Answers extends ServiceSettings {
  /** The page that devices pair with. Its origin may use the relay. */
  page: string;
  /** Further origins that may. */
  origin?: string[];
  region: string;
  /** Mail address for alarms and budget; empty for none. */
  email: string;
  /** Folder for a ready site; empty for none. */
  site: string;
  /** The Lambda's name. @default the stack's */
  function?: string;
  /** This host's name. @default the stack's */
  host?: string;
  /** Where Pulumi keeps the state, as `pulumi login` takes it. @default a folder of the project */
  "pulumi-state"?: string;
  /** Account and region of the stack, once its deployment has begun. */
  deployed?: string;
}

/** The names of the answers, for their file. */
const NAMES = [
  "page",
  "origin",
  "region",
  "backend",
  "service",
  "email",
  "site",
  "function",
  "host",
  "pulumi-state",
  "deployed",
] as const satisfies (keyof Answers)[];

/** The file of the answers in the project's folder. It may hold a backend's password. */
export const ANSWERS = "setup.json";

/** Where the answers may come from. */
export interface Sources {
  /** The project's folder. */
  folder: string;
  flags: Partial<Answers>;
  /** The settings file. */
  settings: Settings;
  /** AWS's region of this environment. */
  region: string | undefined;
  /** Whether to ask. */
  mayAsk: boolean;
}

/**
 * Finds the answers. At a terminal, it asks for those that no flag gives.
 *
 * @throws {LighthouseError} `bad-config` if one is missing or wrong.
 */
export async function findAnswers(sources: Sources): Promise<Answers> {
  const { folder, flags, settings, region, mayAsk } = sources;
  const earlier = await readAnswers(folder);
  const { page } = settings;
  const { backend, service } = [flags, earlier ?? {}, settings].find(hasServices) ?? {};
  const known: Partial<Answers> = {
    page,
    region: settings.region ?? region,
    ...earlier,
    ...flags,
    backend,
    service,
  };
  if (!mayAsk) return check(known);
  if (earlier) describe(known);
  const keeps = earlier !== undefined && await confirm("Keep these answers?");
  return check(keeps ? known : await askAll(known, flags));
}

/** Keeps answers for the next run. */
export async function writeAnswers(folder: string, answers: Partial<Answers>): Promise<void> {
  const kept = Object.fromEntries(NAMES.map((name) => [name, answers[name]]));
  await writePrivateFile(join(folder, ANSWERS), `${JSON.stringify(kept, undefined, 2)}\n`);
}

/**
 * Reads the answers of an earlier run, unchecked.
 *
 * @returns Undefined if there are none.
 * @throws {SetupError} If they are damaged.
 */
async function readAnswers(folder: string): Promise<Partial<Answers> | undefined> {
  const path = join(folder, ANSWERS);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const found = JSON.parse(text) as Record<string, unknown>;
    const isList = (value: unknown) =>
      Array.isArray(value) && value.every((item) => typeof item === "string");
    const entries = NAMES.filter((name) =>
      name === "origin" || name === "service"
        ? isList(found[name])
        : typeof found[name] === "string"
    ).map((name) => [name, found[name]]);
    return Object.fromEntries(entries);
  } catch {
    throw new SetupError(`Cannot read ${path}: it is not JSON. Delete it, and run this again`);
  }
}

async function askAll(known: Partial<Answers>, flags: Partial<Answers>): Promise<Partial<Answers>> {
  const answers: Partial<Answers> = { ...known };
  if (flags.page === undefined) {
    answers.page = await ask({
      text: "Where will your page be, such as https://you.github.io/notes/?",
      otherwise: known.page,
      parse: (text) => parsePageUrl(text).href,
    });
  }
  if (flags.region === undefined) {
    answers.region = await ask({
      text: "In which AWS region shall the relay run?",
      otherwise: known.region ?? "us-east-1",
      parse: parseRegion,
    });
  }
  // Services under paths of their own are not asked for: they stay.
  if (flags.backend === undefined && !known.service?.length) {
    answers.backend = await ask({
      text: "Which backend of this machine shall the page reach: a port or a URL?",
      otherwise: known.backend,
      parse(backend) {
        parseServices({ backend });
        return backend;
      },
    });
  }
  if (flags.email === undefined) {
    answers.email = await ask({
      text: "Mail address for alarms, and for a warning above $1 a month?",
      otherwise: known.email ?? "",
      parse: parseEmail,
    });
  }
  if (flags.site === undefined) {
    answers.site = await ask({
      text: "Folder for a ready site to publish? Without one, you get two lines for your own page.",
      otherwise: known.site ?? "",
      parse: (text) => text === "none" ? "" : text,
    });
  }
  return answers;
}

/** @throws {LighthouseError} `bad-config`. */
function check(answers: Partial<Answers>): Answers {
  const { page = "", region, email = "", origin = [] } = answers;
  if (!page) {
    throw badSetting(
      "--page is missing: name where the page will be: --page https://you.github.io/notes/",
    );
  }
  parseServices(answers, process.env);
  if (answers.function !== undefined) parseFunctionName(answers.function);
  if (answers.host !== undefined) parseHost(answers.host);
  checkState(answers["pulumi-state"]);
  return {
    ...answers,
    page: parsePageUrl(page).href,
    origin: origin.map(parseOrigin),
    region: checkRegion(region),
    email: parseEmail(email),
    site: answers.site ?? "",
  };
}

/** What undoing has to know. */
export type Place = Pick<Answers, "region" | "pulumi-state" | "deployed">;

/**
 * Finds the place of a stack that is to be undone.
 *
 * @throws {LighthouseError} `bad-config` if it is missing or wrong.
 */
export async function findPlace(sources: Omit<Sources, "mayAsk" | "settings">): Promise<Place> {
  const { folder, flags, region } = sources;
  const known: Partial<Answers> = { region, ...await readAnswers(folder), ...flags };
  const { deployed, "pulumi-state": state } = known;
  checkState(state);
  return { region: checkRegion(known.region), "pulumi-state": state, deployed };
}

/** The origins that may use the relay. */
export function originsOf({ page, origin = [] }: Answers): string[] {
  return [...new Set([new URL(page).origin, ...origin])];
}

/** @throws {LighthouseError} `bad-config`. */
function checkRegion(region: string | undefined): string {
  if (region) return parseRegion(region);
  throw badSetting("--region is missing: name an AWS region, such as --region us-east-1");
}

/** @throws {LighthouseError} `bad-config`. */
function checkState(state: string | undefined): void {
  if (state === undefined || /^(?:file|s3|gs|azblob|https):\/\//.test(state)) return;
  throw badSetting(
    `--pulumi-state is not a URL as pulumi login takes it, such as s3://my-state: ${state}`,
  );
}

/** @throws {LighthouseError} `bad-config`. */
function parsePageUrl(text: string): URL {
  const page = parsePage({ page: text });
  if (page && isSecurePage(page)) return page;
  throw badSetting(`--page is not an https URL such as https://you.github.io/notes/: ${text}`);
}

/** @throws {LighthouseError} `bad-config`. */
function parseOrigin(text: string): string {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.pathname === "/" && !url.search) {
    return url.origin;
  }
  throw badSetting(`--origin is not an origin such as https://you.github.io: ${text}`);
}

/** @throws {LighthouseError} `bad-config`. */
function parseEmail(text: string): string {
  if (text === "" || text === "none") return "";
  if (/^[^\s@<>,"]+@[^\s@<>,"]+\.[^\s@<>,"]+$/.test(text)) return text;
  throw badSetting(`--email is not a mail address: ${text}`);
}

function describe({ page, region, email, site, ...services }: Partial<Answers>): void {
  const shown = hasServices(services)
    ? parseServices(services, process.env).map(formatService).join(", ")
    : "";
  print("This was set up before, or begun:");
  const rows = { page, region, backend: shown, mail: email, site };
  for (const [name, value] of Object.entries(rows)) print(`  ${name.padEnd(8)} ${value || "none"}`);
}
