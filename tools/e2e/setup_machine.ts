// For end-to-end tests of `setup`: a machine of a user's own, with an AWS account, a home folder, and the
// commands that `setup` runs.
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { type Account, startAccount } from "../testing/pulumi/account.ts";
import { ENGINES, installPulumi } from "../testing/pulumi_command.ts";
import { run, type RunningProgram, start } from "../testing/program.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { inTerminal, withoutColors } from "../testing/terminal.ts";
import { startTokenService, type TokenService } from "../testing/token_service.ts";
import { until } from "../testing/until.ts";
import { BROKEN_NPM, linkingNpm, SYSTEMCTL } from "./setup_commands.ts";

/** The cache of npm of the user who tests: a home folder of a test has none. */
const NPM_CACHE = execFileSync("npm", ["config", "get", "cache"], { encoding: "utf8" }).trim();

/** Compiled modules, which all programs of these tests share. */
const COMPILED = process.env.NODE_COMPILE_CACHE ?? temporaryFolder();

/** Where Debian has sh, python3 and the like. */
const SYSTEM_PATH = ["/usr/bin", "/bin"];

/** The program's end, and what it has printed. */
export type Ended = Awaited<ReturnType<typeof run>>;

/** A program at a terminal. */
export interface Typist {
  program: RunningProgram;
  /** What the terminal has shown so far, without colours. */
  screen(): string;
  /** Presses keys. */
  press(keys: string): void;
  /** Waits until the question is shown, and types the answer with Enter. */
  answer(question: RegExp, text: string): Promise<void>;
}

/** A machine, and the account that its user has. */
export interface SetupMachine extends AsyncDisposable {
  readonly account: Account;
  readonly tokens: TokenService;
  readonly home: string;
  /** The project's folder. */
  readonly project: string;
  /** The variables of the user's terminal. Tests change them. */
  readonly environment: Record<string, string | undefined>;
  /** Runs `setup` to its end. */
  setup(...args: string[]): Promise<Ended>;
  /** Starts `setup`, without a terminal. */
  start(...args: string[]): RunningProgram;
  /** Starts `setup` at a terminal. */
  atTerminal(...args: string[]): Typist;
  /** Puts a script in place of a command of the PATH, until it is restored. */
  replaceCommand(name: string, script: string): { restore(): void };
  /** Kills the Pulumi that has the stack's lock. Resolves when it is gone. */
  killPulumi(): Promise<void>;
  /** The texts of the JSON log, by their event. The last one counts. */
  messages(output: string): Record<string, string>;
  /** The settings file. */
  settings(): Record<string, unknown>;
  /** The host's public key. */
  key(): Promise<string>;
  /** What the service prints; undefined if it does not run. */
  serviceLog(): string | undefined;
}

/** The folder `node_modules` of a project, once npm has installed one. */
let installed: string | undefined;

/**
 * Makes a machine.
 *
 * @param npm `real` installs from npm's registry or cache, and keeps the packages for those with `linked`;
 * with `broken`, nothing gets as far as Pulumi.
 */
export async function startMachine(
  npm: "real" | "linked" | "broken" = "linked",
): Promise<SetupMachine> {
  await using stack = new AsyncDisposableStack();
  const account = stack.use(await startAccount());
  const tokens = stack.use(await startTokenService());
  const home = temporaryFolder();
  const bin = join(home, "bin");
  const project = join(home, ".config/lighthouse/stack");
  await installPulumi(bin, account.url, ENGINES.at(-1));
  const writeCommand = (name: string, script: string) =>
    writeFileSync(join(bin, name), script, { mode: 0o755, flag: "wx" });
  writeCommand("systemctl", SYSTEMCTL);
  if (npm === "real") {
    const { stdout } = spawnSync("sh", ["-c", "command -v npm"], { encoding: "utf8" });
    symlinkSync(stdout.trim(), join(bin, "npm"));
    installed = join(project, "node_modules");
  } else {
    writeCommand("npm", npm === "linked" ? linkingNpm(installed!) : BROKEN_NPM);
  }
  mkdirSync(join(home, ".config/lighthouse"), { recursive: true });
  writeFileSync(join(home, ".config/lighthouse/config.json"), '{ "stun": "none", "quic": "off" }');
  const environment: SetupMachine["environment"] = {
    HOME: home,
    PATH: [bin, ...SYSTEM_PATH].join(delimiter),
    LIGHTHOUSE_STATE: undefined,
    TERM: "xterm-256color",
    npm_config_cache: NPM_CACHE,
    // To load Pulumi takes them half as long.
    NODE_COMPILE_CACHE: COMPILED,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_ENDPOINT_URL_STS: tokens.url,
  };
  stack.defer(() =>
    void spawnSync(join(bin, "systemctl"), ["disable"], {
      env: { HOME: home, PATH: "/usr/bin:/bin" },
    })
  );
  const parts = stack.move();
  return {
    account,
    tokens,
    home,
    project,
    environment,
    setup: (...args) => run(["setup", ...args], environment),
    start: (...args) => start(["setup", ...args], environment),
    atTerminal: (...args) =>
      typist(start(["setup", ...args], environment, { through: inTerminal(100, 50) })),
    replaceCommand(name, script) {
      const path = join(bin, name);
      // Not written over: it may be a link to a program of this machine's.
      renameSync(path, `${path}.old`);
      writeCommand(name, script);
      return { restore: () => renameSync(`${path}.old`, path) };
    },
    async killPulumi() {
      const folder = join(project, "state/.pulumi/locks/organization/lighthouse/prod");
      const { pid } = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]!), "utf8"));
      process.kill(pid, "SIGKILL");
      await until(() => !existsSync(`/proc/${pid}`));
    },
    messages(output) {
      const lines = output.split("\n").filter(Boolean).map((line) => JSON.parse(line));
      return Object.fromEntries(lines.map(({ event, message }) => [event, message]));
    },
    settings: () => JSON.parse(readFileSync(join(home, ".config/lighthouse/config.json"), "utf8")),
    key: async () => (await run(["key"], environment)).output.trim(),
    serviceLog: () =>
      existsSync(join(home, "host.pid")) ? readFileSync(join(home, "host.log"), "utf8") : undefined,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

function typist(program: RunningProgram): Typist {
  let text = "";
  program.child.stdout!.setEncoding("utf8").on("data", (data) => text += data);
  let read = 0;
  return {
    program,
    screen: () => withoutColors(text),
    press: (keys) => void program.child.stdin!.write(keys),
    async answer(question, typed) {
      await until(() => {
        if (!program.isRunning) throw new Error(`It ended before ${question}: ${text}`);
        const found = question.exec(withoutColors(text).slice(read));
        if (found) read += found.index + found[0].length;
        return found !== null;
      });
      program.child.stdin!.write(`${typed}\n`);
    },
  };
}
