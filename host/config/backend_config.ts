// The configuration of a backend: its address, and options that follow it after spaces, such as
// `https://ha.local:8123 as=proxy insecure`.
import { existsSync } from "node:fs";
import { parseBasic, readAuthorization } from "./authorization.ts";
import {
  type BackendAddress,
  decodePath,
  encodePath,
  formatAddress,
  parseAddress,
} from "./backend_address.ts";
import { readCertificates } from "./certificates.ts";
import { resolvePath } from "./setting_files.ts";
import { badSetting } from "./setting_parsers.ts";
import { suggestion } from "./suggest.ts";

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
  /** What pages call it in their list of services. @default the prefix */
  name?: string;
  /** How to check the certificate of an https backend. @default by the system's authorities */
  tls?: TlsConfig;
  /** The value of `Authorization` for requests that have none. It is a secret: never log it. */
  authorization?: string;
  /** Absolute paths of the files that hold the authorities and the authorization. */
  files?: { ca?: string; authorization?: string };
}

/** How to check the certificate of an https backend. */
export interface TlsConfig {
  /** Authorities in place of the system's, as PEM. */
  ca?: string;
  /** Takes any certificate. */
  insecure?: boolean;
}

/** The options, and their values in words. */
const OPTIONS = {
  as: "as=local or as=proxy",
  ca: "ca=FILE",
  insecure: "insecure",
  authorization: "authorization=FILE",
  name: "name=NAME",
};

type Option = keyof typeof OPTIONS;

/** The options that are given, by name: "" for `insecure`. */
type Options = { [option in Option]?: string };

/** Most characters of a service's name. */
const MAX_NAME = 64;

const NEEDS_FILE = "authorization needs a file that holds the password";

/**
 * Parses a backend, and reads the files that it names.
 *
 * @param name The setting, for errors: `--backend`, or `--service` with the prefix.
 * @param text The address, then options.
 * @param home The path of the user's home, for `~`.
 * @throws {LighthouseError} `bad-config`. It shows no user and no password.
 */
export function parseBackend(
  name: string,
  text: string,
  home: string,
): Omit<BackendConfig, "prefix"> {
  const [first = "", ...words] = text.trim().split(/\s+/);
  if (words.some((word) => word.includes("@") && !isOption(word))) {
    throw badSetting(`${name} has a space in its user or password: write it %20`);
  }
  const address = parseAddress(name, first, home);
  const options = parseOptions(name, words);
  checkOptions(name, address, options);
  const { as, insecure } = options;
  const shown = options.name === undefined ? undefined : parseName(name, options.name);
  const ca = pathOf(name, "ca", options, home);
  const login = pathOf(name, "authorization", options, home);
  const files = {
    ...ca !== undefined && { ca },
    ...login !== undefined && { authorization: login },
  };
  return {
    ...address,
    ...as !== undefined && { as: as as BackendConfig["as"] },
    ...shown !== undefined && { name: shown },
    ...ca !== undefined && { tls: { ca: readCertificates(`${name}: ca`, ca) } },
    ...insecure !== undefined && { tls: { insecure: true } },
    ...login !== undefined && { authorization: readAuthorization(`${name}: authorization`, login) },
    ...(ca ?? login) !== undefined && { files },
  };
}

/** Reads a name, in which spaces and such are percent-encoded, as in a URL. */
function parseName(setting: string, text: string): string {
  const name = decodePath(`${setting}: name`, text).trim();
  if (name === "" || name.length > MAX_NAME || /\p{C}/u.test(name)) {
    throw badSetting(`${setting} has an invalid name: give 1 to ${MAX_NAME} visible characters`);
  }
  return name;
}

/** The absolute path of the file that an option names. */
function pathOf(
  name: string,
  option: "ca" | "authorization",
  { [option]: value }: Options,
  home: string,
): string | undefined {
  if (value === undefined) return undefined;
  const file = decodePath(`${name}: ${option}`, value);
  const path = resolvePath(file, home);
  if (option === "authorization" && !/^[./~]/.test(file) && !existsSync(path)) {
    // Perhaps it is the password itself.
    throw badSetting(`${name}: ${NEEDS_FILE}, and there is none with that name here`);
  }
  return path;
}

/** Whether a word is an option, perhaps with a wrong value. */
export function isOption(word: string): boolean {
  return Object.hasOwn(OPTIONS, word.replace(/=.*/s, ""));
}

function parseOptions(name: string, words: string[]): Options {
  const values: Options = {};
  for (const word of words) {
    const [option = "", ...rest] = word.split("=");
    if (!isOption(option)) {
      // Perhaps it is a part of the password.
      if (values.authorization !== undefined) throw badSetting(`${name}: ${NEEDS_FILE}`);
      const known = Object.keys(OPTIONS);
      const there = `. There is ${Object.values(OPTIONS).join(", ")}`;
      throw badSetting(
        `${name} has the unknown option ${option}${suggestion(option, known) || there}`,
      );
    }
    const value = rest.join("=");
    const expected = OPTIONS[option as Option];
    const isGood = option === "insecure"
      ? word === option
      : option === "as"
      ? value === "local" || value === "proxy"
      : value !== "";
    if (!isGood) throw badSetting(`${name} has ${word}: give ${expected}`);
    if (values[option as Option] !== undefined) {
      throw badSetting(`${name} has the option ${option} twice`);
    }
    values[option as Option] = value;
  }
  return values;
}

/** Refuses options that contradict each other, or the address. */
function checkOptions(
  name: string,
  { backend, authorization: given }: BackendAddress,
  { ca, insecure, authorization }: Options,
): void {
  const isAboutTls = ca !== undefined || insecure !== undefined;
  if (isAboutTls && backend.protocol !== "https:") {
    const option = ca === undefined ? "insecure" : "ca";
    throw badSetting(`${name} has the option ${option}, which is for https: it has no certificate`);
  }
  if (ca !== undefined && insecure !== undefined) {
    throw badSetting(`${name} has both ca and insecure: insecure checks no certificate`);
  }
  if (given !== undefined && authorization !== undefined) {
    throw badSetting(`${name} has both a password in its URL and authorization: give one of them`);
  }
}

/** Writes a backend as {@linkcode parseBackend} reads it, secrets included. */
export function formatBackend(config: Omit<BackendConfig, "prefix">): string {
  const { as, name, tls, authorization, files } = config;
  let address = formatAddress(config);
  if (authorization !== undefined && files?.authorization === undefined) {
    const { user, password } = parseBasic(authorization);
    const url = new URL(address);
    url.username = encodeURIComponent(user);
    url.password = encodeURIComponent(password);
    address = url.href;
  }
  return [
    address,
    ...as === undefined ? [] : [`as=${as}`],
    ...name === undefined ? [] : [`name=${encodePath(name)}`],
    ...files?.ca === undefined ? [] : [`ca=${encodePath(files.ca)}`],
    ...tls?.insecure ? ["insecure"] : [],
    ...files?.authorization === undefined
      ? []
      : [`authorization=${encodePath(files.authorization)}`],
  ].join(" ");
}
