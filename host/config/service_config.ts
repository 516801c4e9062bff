// Parses the services of the settings: `/notes=http://127.0.0.1:5000/api`, `/files=/home/me/public`.
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { badSetting, isPrefix, parseUrlSetting } from "./setting_parsers.ts";
import { readEnvironment } from "./read_settings.ts";

/** A configured service. */
export type ServiceConfig = BackendConfig | FolderConfig;

/** A service that forwards to a backend. */
export interface BackendConfig {
  /** `/`, or such as `/notes`: no slash at its end. */
  prefix: string;
  /**
   * An http or https URL without user and password; its path replaces the prefix. The URL of a Unix
   * socket is `http://localhost` and the path.
   */
  backend: URL;
  /** Absolute path of the Unix socket that takes the place of the URL's host and port. */
  socketPath?: string;
  /**
   * Whom the backend sees: `local` a client on its own machine, `proxy` a reverse proxy that names the
   * page's site. @default "local"
   */
  as?: "local" | "proxy";
  /** How to check the certificate of an https backend. @default by the system's authorities */
  tls?: TlsConfig;
  /** The value of `Authorization` for requests that have none. It is a secret: never log it. */
  authorization?: string;
}

/** How to check the certificate of an https backend. */
export interface TlsConfig {
  /** Authorities in place of the system's, as PEM. */
  ca?: string;
  /** Takes any certificate. */
  insecure?: boolean;
}

/** A service that serves a folder. */
export interface FolderConfig {
  /** `/`, or such as `/notes`: no slash at its end. */
  prefix: string;
  /** Absolute path of an existing folder. */
  folder: string;
}

const EXAMPLE = "http://127.0.0.1:5000";

/** The settings that name services. */
export interface ServiceSettings {
  /** The backend at `/`, as a URL. */
  backend?: string;
  /** Each `PREFIX=URL` or `PREFIX=FOLDER`. */
  service?: string[];
}

/**
 * Reads the services: those of the flags, if there are any, else of the environment, else of the file.
 *
 * @param environment `LIGHTHOUSE_BACKEND`, and `LIGHTHOUSE_SERVICES` with commas or line ends between
 * the services: folders may have spaces in their names.
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
  const services = service.map(parseService);
  if (backend) services.unshift({ prefix: "/", backend: parseBackend("--backend", backend) });
  for (const [at, { prefix }] of services.entries()) {
    if (services.findIndex((each) => each.prefix === prefix) === at) continue;
    throw badSetting(`${prefix} is named twice: each service needs a path of its own`);
  }
  return services;
}

/** A service in the form for people: `/notes → http://127.0.0.1:5000/api`. */
export function formatService(service: ServiceConfig): string {
  return `${service.prefix} → ${targetOf(service)}`;
}

/** A service in the form for `--service`: `/notes=http://127.0.0.1:5000/api`. */
export function formatSetting(service: ServiceConfig): string {
  return `${service.prefix}=${targetOf(service)}`;
}

function targetOf(service: ServiceConfig): string {
  return "backend" in service ? service.backend.href : service.folder;
}

/** Whether the settings name a service. */
export function hasServices({ backend, service = [] }: ServiceSettings): boolean {
  return Boolean(backend) || service.length > 0;
}

function parseService(text: string): ServiceConfig {
  const at = text.indexOf("=");
  const prefix = text.slice(0, at);
  const target = text.slice(at + 1);
  // The part after the = may hold a secret, so no error shows it.
  if (at < 0) throw badSetting(`--service has no "=": give PREFIX=URL or PREFIX=FOLDER`);
  const name = `--service ${prefix}`;
  if (!isPrefix(prefix)) {
    throw badSetting(
      `${name} has an invalid path: it begins with a slash and does not end with one, ` +
        'and its names are made of letters, digits, "-", "_", "~" and, within, "."',
    );
  }
  if (!target) throw badSetting(`${name} leads nowhere: give ${prefix}=URL or ${prefix}=FOLDER`);
  return /^[a-z][a-z\d+.-]*:\/\//i.test(target)
    ? { prefix, backend: parseBackend(name, target) }
    : { prefix, folder: parseFolder(name, target) };
}

function parseBackend(name: string, text: string): URL {
  return parseUrlSetting(name, text, ["http:", "https:"], EXAMPLE);
}

function parseFolder(name: string, text: string): string {
  // Shells do not expand ~ after a "=".
  const folder = resolve(text.replace(/^~(?=\/|$)/, homedir()));
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory()) return folder;
  throw badSetting(
    `${name} needs a folder or a URL, and ${folder} ${found ? "is a file" : "does not exist"}`,
  );
}
