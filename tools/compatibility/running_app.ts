// Starts an app of the table, with the processes that it starts itself.
import { spawn } from "node:child_process";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../testing/listen.ts";
import { RunningProgram } from "../testing/program.ts";
import type { App } from "./app.ts";
import { APPS } from "./install.ts";

const START_MS = 60_000;

/** Kills the apps that run. */
const kills = new Set<() => void>();
process.on("exit", () => {
  for (const kill of kills) kill();
});

/** A running app. */
export interface RunningApp extends AsyncDisposable {
  readonly app: App;
  /** Its root: `http://127.0.0.1:PORT/`, and its path there. */
  readonly url: string;
  readonly versions: string;
}

/** Installs and starts an app, and waits until it answers. @throws {Error} If it does not. */
export async function startApp(app: App): Promise<RunningApp> {
  // While packages are installed, another program can take the port.
  return await startOnce(app).catch(() => startOnce(app));
}

async function startOnce(app: App): Promise<RunningApp> {
  const port = app.port ?? await freePort();
  const url = `http://127.0.0.1:${port}${app.hasSitePath ? `/local/${app.id}/` : "/"}`;
  const { command: [file, ...args], environment, cwd = APPS, versions, ready = "hello?name=Ann" } =
    await app.prepare(port);
  const program = new RunningProgram(
    spawn(file!, args, {
      cwd,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own, which ends as a whole.
      detached: true,
    }),
  );
  const kill = () => {
    try {
      if (program.isRunning) process.kill(-program.pid, "SIGKILL");
    } catch {
      // It has just ended.
    }
  };
  kills.add(kill);
  const deadline = performance.now() + START_MS;
  // An app that asks for a password is up, too.
  while (!await fetch(url + ready).then(({ ok, status }) => ok || status === 401, () => false)) {
    if (!program.isRunning || performance.now() > deadline) {
      kill();
      throw new Error(`Cannot start ${app.name}: ${[...program.lines, program.errors].join("\n")}`);
    }
    await sleep(100);
  }
  return {
    app,
    url,
    versions,
    async [Symbol.asyncDispose]() {
      kills.delete(kill);
      kill();
      await program.exited;
    },
  };
}
