// Parses the services of the settings: `/notes=http://127.0.0.1:5000/api`, `/files=/home/me/public`.
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { isAddress } from "./backend_address.ts";
import { type BackendConfig, formatBackend, isOption, parseBackend } from "./backend_config.ts";
import { readEnvironment } from "./read_settings.ts";
import { resolvePath } from "./setting_files.ts";
import { badSetting, isPrefix } from "./setting_parsers.ts";

export type { BackendConfig, TlsConfig } from "./backend_config.ts";

/** A configured service. */
export type ServiceConfig = BackendConfig | FolderConfig;

/** A service that serves a folder. */
export interface FolderConfig {
  /** `/`, or such as `/notes`: no slash at its end. */
  prefix: string;
  /** Absolute path of an existing folder. */
  folder: string;
  /** Whether its HTML, SVG and XML may run scripts, as the page's site. @default false */
  scripts?: boolean;
}

/** The option of a folder, after a space. */
const SCRIPTS = " scripts";

const EXAMPLE = "http://127.0.0.1:5000";

/** The settings that name services. */
export interface ServiceSettings {
  /** The backend at `/`. */
  backend?: string;
  /** Each `PREFIX=BACKEND` or `PREFIX=FOLDER`. */
  service?: string[];
}

/**
 * Reads the services: those of the flags, if there are any, else of the environment, else of the file.
 *
 * @param environment `LIGHTHOUSE_BACKEND`, and `LIGHTHOUSE_SERVICES` with commas or line ends between
 * the services: folders may have spaces in their names. `~` is `HOME`, or else the user's home.
 * @param file The settings of the settings file.
 * @throws {LighthouseError} `bad-config` with the wrong setting, and what was expected.
 *
 * @example
 * ```ts
 * import { parseServices } from "./service_config.ts";
 *
 * const [notes] = parseServices({ service: ["/notes=http://127.0.0.1:5000/api"] });
 * console.log(notes?.prefix); // "/notes"
 * ```
 */
export function parseServices(
  flags: ServiceSettings,
  environment: Record<string, string | undefined> = {},
  file: ServiceSettings = {},
): ServiceConfig[] {
  const found = [flags, readEnvironment(environment), file].find(hasServices);
  if (!found) {
    throw badSetting(
      `--backend is missing: give --backend ${EXAMPLE}, or --service /notes=${EXAMPLE}, ` +
        "or set LIGHTHOUSE_BACKEND or LIGHTHOUSE_SERVICES",
    );
  }
  const { backend, service = [] } = found;
  const home = environment.HOME || homedir();
  const services = service.map((text) => parseService(text, home));
  if (backend) services.unshift({ prefix: "/", ...parseRoot(backend, home) });
  for (const [at, { prefix }] of services.entries()) {
    if (services.findIndex((each) => each.prefix === prefix) === at) continue;
    throw badSetting(`${prefix} is named twice: each service needs a path of its own`);
  }
  return services;
}

/** A service in the form for people, without secrets: `/notes → http://127.0.0.1:5000/api`. */
export function formatService(service: ServiceConfig): string {
  const shown = withoutPassword(service);
  const note = keyOf(shown) === keyOf(service) ? "" : " (with a password)";
  return `${service.prefix} → ${targetOf(shown)}${note}`;
}

/** A service in the form for `--service`, with its password: `/notes=http://127.0.0.1:5000/api`. */
export function formatSetting(service: ServiceConfig): string {
  return `${service.prefix}=${targetOf(service)}`;
}

function targetOf(service: ServiceConfig): string {
  if ("backend" in service) return formatBackend(service);
  return service.folder + (service.scripts ? SCRIPTS : "");
}

/** The same service without user and password, if these are in its URL. Files hold other secrets. */
export function withoutPassword(service: ServiceConfig): ServiceConfig {
  if (!("backend" in service) || service.files?.authorization !== undefined) return service;
  const { authorization: _, ...rest } = service;
  return rest;
}

/** A text that differs where services differ, in contents of files too. It is a secret: never log it. */
export function keyOf(service: ServiceConfig): string {
  return JSON.stringify(service);
}

/** Whether the settings name a service. */
export function hasServices({ backend, service = [] }: ServiceSettings): boolean {
  return Boolean(backend) || service.length > 0;
}

function parseRoot(text: string, home: string): Omit<BackendConfig, "prefix"> {
  if (/^[./~]/.test(text)) {
    throw badSetting("--backend is a path: give --service /=FOLDER or --service PREFIX=URL");
  }
  return parseBackend("--backend", text, home);
}

function parseService(text: string, home: string): ServiceConfig {
  const at = text.indexOf("=");
  const prefix = text.slice(0, at);
  const target = text.slice(at + 1).trim();
  // A URL may hold a secret, so no error shows it.
  if (at < 0 || isAddress(firstWordOf(text))) {
    throw badSetting(`--service has no "=": give PREFIX=URL or PREFIX=FOLDER`);
  }
  const name = `--service ${prefix.replace(/.*@/s, "…@")}`;
  if (!isPrefix(prefix)) {
    throw badSetting(
      `${name} has an invalid path: it begins with a slash and does not end with one, ` +
        'and its names are made of letters, digits, "-", "_", "~" and, within, "."',
    );
  }
  if (!target) throw badSetting(`${name} leads nowhere: give ${prefix}=URL or ${prefix}=FOLDER`);
  return { prefix, ...parseTarget(name, target, home) };
}

/**
 * Reads a backend or a folder, with its options after spaces.
 *
 * @param name What names it, for errors.
 * @param home The path of the user's home, for `~`.
 * @throws {LighthouseError} `bad-config`.
 */
export function parseTarget(
  name: string,
  text: string,
  home: string,
): Omit<BackendConfig, "prefix"> | Omit<FolderConfig, "prefix"> {
  return isAddress(firstWordOf(text))
    ? parseBackend(name, text, home)
    : parseFolder(name, text, home);
}

function firstWordOf(text: string): string {
  return text.trim().replace(/\s.*/s, "");
}

/** Folders may have spaces in their names, so a folder whose name ends with the option goes first. */
function parseFolder(name: string, text: string, home: string): Omit<FolderConfig, "prefix"> {
  const folder = resolvePath(text, home);
  let why = "does not exist";
  try {
    const found = statSync(folder, { throwIfNoEntry: false });
    if (found?.isDirectory()) return { folder };
    if (found) why = "is a file";
  } catch (error) {
    // Such as a name that is too long, or a folder above it that is not this user's.
    why = `cannot be read: ${(error as Error).message}`;
  }
  if (text.endsWith(SCRIPTS)) {
    const without = text.slice(0, -SCRIPTS.length).trimEnd();
    return { ...parseFolder(name, without, home), scripts: true };
  }
  const isMistaken = text.split(/\s+/).slice(1).some(isOption);
  const hint = isMistaken ? ". A folder has no option but scripts" : "";
  throw badSetting(`${name} needs a folder or a URL, and ${folder} ${why}${hint}`);
}
