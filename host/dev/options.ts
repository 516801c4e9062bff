// The options of `lighthouse-host dev`, from its flags. Nothing of the real host's settings counts here.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { isAddress } from "../config/backend_address.ts";
import { parseServices, parseTarget, type ServiceConfig } from "../config/service_config.ts";
import { resolvePath } from "../config/setting_files.ts";
import { badSetting, parsePort } from "../config/setting_parsers.ts";
import { isLoopback } from "./addresses.ts";

/** The flags of `dev`. */
export interface DevFlags {
  backend?: string;
  service?: string[];
  origin?: string[];
  lan?: boolean;
  port?: string;
  inspect?: string;
}

/** What `dev` runs. */
export interface DevOptions {
  services: ServiceConfig[];
  /** The service at the page's root; undefined for a list of all. */
  shown: ServiceConfig | undefined;
  /** The app's name. */
  name: string;
  /** Pages of other servers that reach the backend. Without one, there is only the own page. */
  pages: URL[];
  /** The ports to try. */
  ports: number[];
  isLan: boolean;
  /** The inspector's port; 0 for any free one. */
  inspect: number;
}

/** The first ports that are tried: no well-known program has them, and no system gives them to others. */
const FIRST_PORT = 4600;
const PORTS = Array.from({ length: 10 }, (_, at) => FIRST_PORT + at);

const EXAMPLES = "dev 3000, dev http://127.0.0.1:8000, dev ./public";

/**
 * Reads the options.
 *
 * @param target The argument: a backend as for `--backend`, or a folder, with options after spaces.
 * @param environment For `~` in paths.
 * @throws {LighthouseError} `bad-config`.
 */
export function parseDevOptions(
  target: string | undefined,
  { backend, service, origin = [], lan = false, port, inspect }: DevFlags,
  environment: Record<string, string | undefined> = {},
): DevOptions {
  if (target !== undefined && backend !== undefined) {
    throw badSetting("--backend and the argument name the same thing: give one of them");
  }
  const own = target ?? backend;
  if (own === undefined && !service?.length) {
    throw badSetting(`there is no backend: name one, as in ${EXAMPLES}`);
  }
  const home = environment.HOME || homedir();
  const services = service?.length ? parseServices({ service }, { HOME: home }) : [];
  if (own !== undefined) {
    if (services.some(({ prefix }) => prefix === "/")) {
      throw badSetting("/ is named twice: by --service, and by itself");
    }
    const name = target === undefined ? "--backend" : "the argument";
    services.unshift({ prefix: "/", ...parseTarget(name, withScripts(own.trim(), home), home) });
  }
  // Others are under its paths.
  const root = services.find(({ prefix }) => prefix === "/");
  const shown = root ?? (services.length === 1 ? services[0] : undefined);
  return {
    services,
    shown,
    name: shown ? nameOf(shown) : "Lighthouse dev",
    pages: origin.map(parsePage),
    ports: port === undefined ? PORTS : [parsePort(port, "--port")],
    isLan: lan,
    inspect: inspect === undefined ? 0 : parsePort(inspect, "--inspect"),
  };
}

/** A folder with an index.html is a site of the owner's, whose pages may run scripts. */
function withScripts(target: string, home: string): string {
  if (isAddress(target.replace(/\s.*/s, ""))) return target;
  const hasIndex = existsSync(join(resolvePath(target, home), "index.html"));
  return hasIndex ? `${target} scripts` : target;
}

function nameOf(service: ServiceConfig): string {
  if ("folder" in service) return basename(service.folder) || "Folder";
  const { name, socketPath, backend } = service;
  return name ?? (socketPath === undefined ? backend.host : basename(socketPath));
}

/** Reads a page's origin: a port, a host and port, or a URL, whose path is the page's. */
function parsePage(text: string): URL {
  const guess = /^\d+$/.test(text)
    ? `http://localhost:${text}`
    : /^(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/]|$)/.test(text)
    ? `http://${text}`
    : text;
  const url = URL.parse(guess);
  if (!url || !["http:", "https:"].includes(url.protocol) || url.username || url.password) {
    throw badSetting(`--origin is not an origin such as http://localhost:5173: ${text}`);
  }
  if (url.search || url.hash) throw badSetting("--origin must not have a query or a fragment");
  if (url.protocol === "http:" && !isLoopback(url)) {
    throw badSetting(
      `--origin ${text} gets no cryptography from browsers, since it is not secure: serve the page by ` +
        "https, or open it as http://localhost",
    );
  }
  return url;
}
