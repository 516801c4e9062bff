// Network namespaces of Linux, with everything that runs in them. Their names hold the process's id, so
// that several runs do not meet, and the next run removes what a killed one has left. It takes root.
import { type ChildProcess, execFileSync, spawn, type SpawnOptions } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import process from "node:process";

/** Prefix of the names; the id of the process that made the namespace follows. */
const PREFIX = "lighthouse-lab-";

/** How many objects of this process have made namespaces. */
let made = 0;

/** A namespace's name, and what runs in it. */
export interface Namespace {
  readonly name: string;
  /** Runs `ip` on it. @throws {Error} With what `ip` says. */
  ip(args: string): void;
  /** Runs a program in it to its end. @returns Its standard output. */
  run(command: string[], input?: string): string;
  /** Adds rules of nftables. */
  nft(rules: string): void;
  /** Sets values of the kernel, such as `net.ipv4.ip_forward=1`. */
  sysctl(...settings: string[]): void;
  /** Starts a program that ends with the namespace at the latest. */
  start(command: string[], options?: SpawnOptions): ChildProcess;
}

/** Makes namespaces, and removes them. */
export class Namespaces implements AsyncDisposable {
  readonly #made = new Map<string, Namespace>();
  readonly #prefix: string;
  /** After an exception that nobody has caught. */
  readonly #onExit = () => {
    for (const name of this.#made.keys()) removeAtOnce(name);
  };

  constructor() {
    removeLeftovers();
    this.#prefix = `${PREFIX}${process.pid}-${++made}-`;
    process.on("exit", this.#onExit);
  }

  /** @param role Its part, such as `page`: unique in this object. */
  make(role: string): Namespace {
    const name = `${this.#prefix}${role}`;
    execute("ip", ["netns", "add", name]);
    const namespace: Namespace = {
      name,
      ip: (args) => void execute("ip", ["-n", name, ...args.split(" ")]),
      run: (command, input) => execute("ip", inside(name, command), input),
      nft: (rules) => void execute("ip", inside(name, ["nft", "-f", "-"]), rules),
      sysctl: (...settings) => void execute("ip", inside(name, ["sysctl", "-qw", ...settings])),
      start: (command, options = {}) => spawn("ip", inside(name, command), options),
    };
    this.#made.set(name, namespace);
    namespace.ip("link set lo up");
    return namespace;
  }

  /** Joins two namespaces by a cable. @param devices The names of its ends. */
  join(a: Namespace, b: Namespace, devices: [string, string]): void {
    const cable = ["type", "veth", "peer", "name", devices[1], "netns", b.name];
    execute("ip", ["link", "add", devices[0], "netns", a.name, ...cable]);
    a.ip(`link set ${devices[0]} up`);
    b.ip(`link set ${devices[1]} up`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#made.keys()].reverse()) await remove(name);
    this.#made.clear();
    process.off("exit", this.#onExit);
  }
}

/** Removes the namespaces of killed runs. */
function removeLeftovers(): void {
  const ours = new RegExp(`^(${PREFIX}(\\d+)-\\S+)`, "gm");
  for (const [, name, pid] of execute("ip", ["netns", "list"]).matchAll(ours)) {
    if (!existsSync(`/proc/${pid}`)) removeAtOnce(name!);
  }
}

function removeAtOnce(name: string): void {
  for (const pid of pidsIn(name)) kill(pid, "SIGKILL");
  execute("ip", ["netns", "del", name]);
}

/** Ends what runs in a namespace, and removes it. */
async function remove(name: string): Promise<void> {
  for (const pid of pidsIn(name)) kill(pid, "SIGTERM");
  const deadline = Date.now() + 3_000;
  while (pidsIn(name).length > 0 && Date.now() < deadline) await sleep(50);
  removeAtOnce(name);
}

function pidsIn(name: string): number[] {
  return execute("ip", ["netns", "pids", name]).split("\n").filter(Boolean).map(Number)
    .filter((pid) => pid !== process.pid);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function inside(name: string, command: string[]): string[] {
  return ["netns", "exec", name, ...command];
}

/** Runs a program. @throws {Error} With what it says. */
export function execute(program: string, args: string[], input?: string): string {
  try {
    return execFileSync(program, args, { encoding: "utf8", input, stdio: "pipe" });
  } catch (cause) {
    const { stderr, message } = cause as Error & { stderr?: string };
    const command = [program, ...args].join(" ");
    throw new Error(`${command} failed: ${(stderr || message).trim()}`, { cause });
  }
}
