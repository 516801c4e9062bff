// The flags of `npm start`, and PORT.
import process from "node:process";
import { parseArgs } from "node:util";
import type { RegistryConfig } from "../../host/config/config.ts";
import { parseServices } from "../../host/config/service_config.ts";
import { suggestion } from "../../host/config/suggest.ts";
import { EXAMPLE_NAMES } from "./examples.ts";

const HELP = `npm start: the whole bridge on this machine, without an account

  npm start                         the demo page on port 8080, with a sample backend
  npm start -- --app                a site as lighthouse-host site writes it, with the sample app
  npm start -- --backend 3000       the same site with a backend of yours: a port, a URL or unix:SOCKET
  npm start -- --example react      a page of examples/: ${EXAMPLE_NAMES.join(", ")};
                                    --backend gives it a backend of yours
  npm start -- --registry s3        with the registry in S3, which the page reads; relay: which the
                                    relay writes, too, so that the host needs no AWS credentials
  PORT=9000 npm start               the page on another port

lighthouse-host dev shows a backend without the stand-ins for AWS: docs/dev.md`;

/** The flags, and whether they have a value. */
const FLAGS = {
  app: { type: "boolean" },
  backend: { type: "string" },
  example: { type: "string" },
  registry: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** What `npm start` is asked for. */
export interface StartFlags {
  registry: RegistryConfig["kind"];
  /** Whether the page is a site around the app. */
  isApp: boolean;
  /** The name of an example, whose page is shown. */
  example: string | undefined;
  /** As `--backend` of the host takes it. */
  backend: string | undefined;
}

/** Reads the flags. Ends the process for `--help`, and for what it does not know. */
export function parseFlags(args: string[]): StartFlags {
  try {
    const { registry = "lambda-env", app, backend, example, help } = parse(args);
    if (help) {
      console.log(HELP);
      process.exit(0);
    }
    if (registry !== "lambda-env" && registry !== "s3" && registry !== "relay") {
      throw new Error(`--registry is none of lambda-env, s3 and relay: ${registry}`);
    }
    if (backend !== undefined) parseServices({ backend }, { HOME: process.env.HOME });
    if (example !== undefined && !EXAMPLE_NAMES.includes(example)) {
      const meant = suggestion(example, EXAMPLE_NAMES);
      throw new Error(`--example is none of ${EXAMPLE_NAMES.join(", ")}: ${example}${meant}`);
    }
    if (example !== undefined && app) {
      throw new Error("--app and --example are two pages: give one");
    }
    const isApp = app === true || (backend !== undefined && example === undefined);
    return { registry, isApp, example, backend };
  } catch (error) {
    const message = (error as Error).message.replace(/^Cannot run: /, "");
    console.error(`Cannot start: ${message}\nnpm start -- --help lists the flags`);
    process.exit(2);
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: FLAGS }).values;
  } catch (cause) {
    const { message, code } = cause as Error & { code?: string };
    const [, unknown] = /^Unknown option '--?([^']*)'/.exec(message) ?? [];
    if (unknown !== undefined) {
      const meant = suggestion(unknown, Object.keys(FLAGS), "--");
      throw new Error(`Unknown option: --${unknown}${meant}`, { cause });
    }
    if (code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL") {
      const [, word] = /'([^']*)'/.exec(message)!;
      throw new Error(`Unexpected argument: ${word}. Did you mean --backend ${word}?`, { cause });
    }
    throw cause;
  }
}

/** Reads PORT. Ends the process for what is no port. */
export function parsePort(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number <= 65535 && text.trim()) return number;
  console.error(`Cannot start: PORT is not a number from 0 to 65535: ${text}`);
  process.exit(2);
}
