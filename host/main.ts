#!/usr/bin/env node
// The program `lighthouse-host`: parses the command line, runs the command, and sets the exit code.
import "./platform/v8_flags.ts";
import process from "node:process";
import { LighthouseError } from "../wire/mod.ts";
import { COMMANDS } from "./cli/commands.ts";
import { parseCommandLine } from "./cli/parse.ts";
import { watchOutput } from "./cli/output.ts";
import { calledAs, LOOK_FOR_UPDATE } from "./cli/program.ts";
import { UsageError } from "./cli/usage_error.ts";
import { hasPassword, SettingError } from "./config/setting_parsers.ts";
import { line, paint, print } from "./platform/terminal.ts";
import manifest from "../package.json" with { type: "json" };

/** Exit codes; `help` explains them. */
const EXIT = { well: 0, failed: 1, usage: 2, replaced: 3 };

/** Errors of the file system that the user can mend. */
const ABOUT_FILES = [
  "EACCES",
  "EDQUOT",
  "ELOOP",
  "ENAMETOOLONG",
  "ENOSPC",
  "ENOTDIR",
  "EPERM",
  "EROFS",
];

const output = watchOutput();
if (process.argv[2] === LOOK_FOR_UPDATE) {
  const { lookForUpdate } = await import("./cli/update_notice.ts");
  await lookForUpdate(process.env).catch(() => {});
  process.exit(EXIT.well);
}
const code = await main(process.argv.slice(2));
await tellOfUpdate(process.argv);
process.exit(await output.flush() ? code : EXIT.failed);

async function main(line: string[]): Promise<number> {
  let doing: string | undefined;
  try {
    checkNode();
    if (line.length === 0 && process.stdout.isTTY) {
      const { printNextSteps } = await import("./commands/next_step.ts");
      await printNextSteps();
      return EXIT.well;
    }
    const { name, command, flags, args } = parseCommandLine(line);
    doing = command.does ?? name;
    if (line.some(hasPassword)) warnOfPassword();
    return await command.run(flags, args, COMMANDS) === false ? EXIT.failed : EXIT.well;
  } catch (error) {
    return report(error, doing);
  }
}

/** Says at a terminal that there is a newer version. */
async function tellOfUpdate([, program, ...line]: string[]): Promise<void> {
  const isTerminal = process.stdout.isTTY && process.stderr.isTTY;
  if (!isTerminal || line.includes("--json")) return;
  const { mayNotify, updateNotice } = await import("./cli/update_notice.ts");
  if (!mayNotify(process.env)) return;
  const notice = await updateNotice({
    version: manifest.version,
    program: program!,
    environment: process.env,
  });
  if (notice) print(notice, process.stderr);
}

/** @throws {LighthouseError} `unsupported` if Node.js is too old. */
function checkNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return;
  throw new LighthouseError(
    "unsupported",
    `lighthouse-host needs Node.js 22.18 or newer, and this is ${process.versions.node}. ` +
      "Install one from https://nodejs.org, or run npx -p node@24 -p lighthouse-tunnel lighthouse-tunnel",
  );
}

function warnOfPassword(): void {
  const warning = paint("yellow", "warning:", process.stderr);
  const text =
    "other users of this machine can read the password in this command line. Give it in the " +
    "settings file, in LIGHTHOUSE_BACKEND or LIGHTHOUSE_SERVICES, or by authorization=FILE";
  print(line`${warning} ${text}`, process.stderr);
}

/** @param doing What the command has not done, such as "list the devices". */
function report(error: unknown, doing: string | undefined): number {
  let { message } = error as Error;
  if (error instanceof SettingError && doing) message = `Cannot ${doing}: ${message}`;
  if (ABOUT_FILES.includes((error as NodeJS.ErrnoException).code ?? "")) {
    message +=
      ". Is the disk full, the name too long, or the folder not yours to write to? --state names another";
  }
  const isUsage = error instanceof UsageError;
  print(line`${paint("red", "error:", process.stderr)} ${message}`, process.stderr);
  if (isUsage) print(`See ${calledAs()} help ${error.command ?? ""}`.trimEnd(), process.stderr);
  if (isUsage) return EXIT.usage;
  if (!(error instanceof LighthouseError)) return EXIT.failed;
  if (error.code === "replaced") return EXIT.replaced;
  return error.code === "bad-config" ? EXIT.usage : EXIT.failed;
}
