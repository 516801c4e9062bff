// For tests: a stand-in for the Pulumi command, as the Automation API of @pulumi/pulumi 3.270 calls it. It
// runs the project's program in earnest, by Pulumi's own runner; AWS is an account of account.ts.
//
// Started as `node main.ts ACCOUNT_URL COMMAND…`. pulumi_command_test.ts holds it against the real command
// where that is on the PATH: its errors, events, files and exit codes are those of Pulumi 3.274.
//
// https://www.pulumi.com/docs/iac/cli/commands/
import process from "node:process";
import { parseArgs } from "node:util";
import { Backend, CliError } from "./backend.ts";
import { type Project, readProject, StackConfig } from "./project.ts";
import type { UpdateKind } from "./update.ts";

const [account = "", ...argv] = process.argv.slice(2);

const FLAGS = {
  "color": { type: "string" },
  "event-log": { type: "string" },
  "exec-kind": { type: "string" },
  "force": { type: "boolean" },
  "json": { type: "boolean" },
  "non-interactive": { type: "boolean" },
  "page": { type: "string" },
  "page-size": { type: "string" },
  "path": { type: "boolean" },
  "plaintext": { type: "string", multiple: true },
  "show-secrets": { type: "boolean" },
  "skip-preview": { type: "boolean" },
  "stack": { type: "string" },
  "yes": { type: "boolean" },
} as const;

type Flags = ReturnType<typeof parse>["values"];

/** What a command works on. */
interface Context {
  flags: Flags;
  /** Its arguments. */
  rest: string[];
  project: Project;
  backend: Backend;
  stack: string;
}

const COMMANDS: Record<string, ((context: Context) => unknown) | undefined> = {
  "stack init": ({ rest: [stack = ""], backend, project }) => {
    new StackConfig(project, stack).unlock();
    backend.create(stack);
  },
  "stack select": ({ backend, stack }) => void backend.read(stack),
  "stack rm": ({ rest: [stack = ""], backend, project, flags }) => {
    const { resources } = backend.read(stack);
    if (resources.length > 0 && !flags.force) {
      throw new CliError(
        `'${stack}' still has resources; removal rejected. Possible actions:\n` +
          `- Make sure that '${stack}' is the stack that you want to destroy\n` +
          "- Run `pulumi destroy` to delete the resources, then run `pulumi stack rm`",
      );
    }
    backend.remove(stack);
    new StackConfig(project, stack).remove();
  },
  "stack ls": ({ backend }) => print(backend.list().map((name) => ({ name, current: false }))),
  "stack output": ({ backend, stack }) => print(backend.read(stack).outputs),
  "stack history": ({ backend, stack }) => print(backend.read(stack).history.slice(0, 1)),
  "config": ({ project, stack }) => {
    const { values } = new StackConfig(project, stack);
    const entries = Object.entries(values).map(([name, value]) => [name, {
      value: typeof value === "string" ? value : JSON.stringify(value),
      ...typeof value === "object" && { objectValue: value },
      secret: false,
    }]);
    print(Object.fromEntries(entries));
  },
  "config set-all": ({ flags, project, stack }) => {
    const config = new StackConfig(project, stack);
    for (const setting of flags.plaintext ?? []) {
      const [, name = "", value = ""] = /^(.*?)=(.*)$/s.exec(setting)!;
      config.set(name, value, flags.path ?? false);
    }
  },
  "config rm-all": ({ rest, project, stack }) => {
    const config = new StackConfig(project, stack);
    for (const name of rest) config.unset(name);
  },
  "preview": (context) => update("preview", context),
  "up": (context) => update("update", context),
  "destroy": (context) => update("destroy", context),
  "cancel": ({ backend, stack }) => backend.cancel(stack),
};

try {
  await main();
} catch (error) {
  if (!(error instanceof CliError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = error.code;
}

async function main(): Promise<void> {
  const { values: flags, positionals } = parse();
  if (positionals[0] === "version") return process.stdout.write("v3.270.0\n") as unknown as void;
  const two = positionals.slice(0, 2).join(" ");
  const name = COMMANDS[two] ? two : positionals[0] ?? "";
  const command = COMMANDS[name];
  if (!command) throw new CliError(`unknown command "${positionals.join(" ")}" for "pulumi"`);
  const rest = positionals.slice(name.split(" ").length);
  const project = readProject(process.cwd());
  const backend = new Backend(process.env.PULUMI_BACKEND_URL, project.name);
  const { stack = "" } = flags;
  if (flags.stack !== undefined && name !== "stack select") backend.read(stack);
  await command({ flags, rest, project, backend, stack });
}

function parse() {
  return parseArgs({ args: argv, options: FLAGS, allowPositionals: true });
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Runs an update, until the first interrupt. The second one ends the process at once. */
async function update(
  kind: UpdateKind,
  { flags, project, backend, stack }: Context,
): Promise<void> {
  const cancelled = new AbortController();
  process.on("SIGINT", () => {
    if (cancelled.signal.aborted) process.exit(1);
    console.log(
      "^C received; cancelling. If you would like to terminate immediately, press ^C again.",
    );
    cancelled.abort(new CliError(`${kind} canceled`));
  });
  const config = new StackConfig(project, stack);
  config.unlock();
  // These take a second to load.
  const { openEventLog } = await import("./events.ts");
  const { runUpdate } = await import("./update.ts");
  using _lock = kind === "preview" ? undefined : backend.lock(stack);
  const events = openEventLog(flags["event-log"]);
  try {
    const changes = await runUpdate({
      kind,
      project,
      stack,
      backend,
      config: config.texts,
      account,
      events,
      signal: cancelled.signal,
    });
    for (const [operation, count] of Object.entries(changes)) {
      console.log(`    ${count} ${operation}`);
    }
  } finally {
    await events.end();
  }
}
