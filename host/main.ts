#!/usr/bin/env node
// The command `lighthouse-host`: reads the command line and calls the command.
import process from "node:process";
import { parseArgs, styleText } from "node:util";
import { LighthouseError } from "../wire/mod.ts";
import { run } from "./commands/run.ts";
import manifest from "../package.json" with { type: "json" };

const HELP = `lighthouse-host ${manifest.version}: your laptop's end of Lighthouse

Usage
  lighthouse-host run --relay wss://… --backend http://127.0.0.1:5000 [options]

Options of run                                          Environment
  --relay URL      the relay's WebSocket URL            LIGHTHOUSE_RELAY
  --backend URL    the backend that pages reach         LIGHTHOUSE_BACKEND
  --function NAME  the relay's Lambda                   LIGHTHOUSE_FUNCTION
                   (default: SignalingRelay)
  --region REGION  its AWS region                       LIGHTHOUSE_REGION
                   (default: AWS_REGION or the profile's)
  --stun SERVER    stun:host:port, repeatable, or none  LIGHTHOUSE_STUN
                   (default: a public server)
  --json           one JSON object a line
AWS credentials are found as the AWS command line finds them.

Other commands
  lighthouse-host help
  lighthouse-host version

Exit codes: 0 ended as asked, 1 failed, 2 wrong usage or settings, 3 replaced by another host
`;

/** Exit codes, as HELP says. */
const FAILED = 1;
const USAGE = 2;
const REPLACED = 3;

/** A command line that cannot be understood. */
class UsageError extends Error {}

process.exit(await main(process.argv.slice(2)));

async function main(args: string[]): Promise<number> {
  try {
    checkNode();
    const { values, positionals } = parse(args);
    const [command = values.version ? "version" : "help", ...rest] = positionals;
    if (rest.length > 0) throw new UsageError(`Unexpected argument: ${rest[0]}`);
    if (values.help || command === "help") {
      process.stdout.write(HELP);
      return 0;
    }
    switch (command) {
      case "run":
        await run({ ...values, stun: values.stun?.join(" ") });
        return 0;
      case "version":
        process.stdout.write(`${manifest.version}\n`);
        return 0;
      default:
        throw new UsageError(`Unknown command: ${command}`);
    }
  } catch (error) {
    return report(error);
  }
}

/** @throws {UsageError} */
function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        relay: { type: "string" },
        backend: { type: "string" },
        function: { type: "string" },
        region: { type: "string" },
        stun: { type: "string", multiple: true },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean", short: "v" },
      },
    });
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

/** @throws {LighthouseError} `unsupported` on a Node.js that lacks what this program uses. */
function checkNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return;
  throw new LighthouseError(
    "unsupported",
    `lighthouse-host needs Node.js 22.18 or newer, and this is ${process.versions.node}`,
  );
}

function report(error: unknown): number {
  const { message } = error as Error;
  const isUsage = error instanceof UsageError;
  const hint = isUsage ? "\nSee lighthouse-host help" : "";
  process.stderr.write(
    `${styleText("red", "error:", { stream: process.stderr })} ${message}${hint}\n`,
  );
  if (isUsage) return USAGE;
  if (!(error instanceof LighthouseError)) return FAILED;
  if (error.code === "replaced") return REPLACED;
  return error.code === "bad-config" ? USAGE : FAILED;
}
