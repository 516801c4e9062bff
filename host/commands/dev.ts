// `lighthouse-host dev`: an app through the tunnel on this machine, or in this network, without an account.
import { resolve } from "node:path";
import process from "node:process";
import { pathsOf } from "../config/paths.ts";
import { announce, type Tell, tellLinks } from "../dev/announcement.ts";
import { type DevFlags, parseDevOptions } from "../dev/options.ts";
import { formatRequest } from "../dev/request_line.ts";
import { watchKeys } from "../platform/keys.ts";
import { formatLine, isAtLeast, type Level } from "../platform/log.ts";
import { checkPossible } from "../platform/private_folder.ts";
import { formatJson, paint, print } from "../platform/terminal.ts";
import { runDev } from "./dev_host.ts";

/** Events of the host that are shown, besides warnings and errors. */
const SHOWN = new Set(["device-paired", "device-revoked", "page-connected", "page-left"]);

/** Time between looks at the parent process, in milliseconds. */
const PARENT_MS = 500;

/**
 * Runs the development host until Ctrl-C.
 *
 * @param target A backend or a folder.
 * @throws {LighthouseError} `bad-config`.
 */
export async function dev(
  target: string | undefined,
  flags: DevFlags & { state?: string; json: boolean },
): Promise<void> {
  const { json } = flags;
  const options = parseDevOptions(target, flags, process.env);
  const state = resolve(
    flags.state ?? (process.env.LIGHTHOUSE_STATE || pathsOf(process.env).state),
  );
  checkPossible(state);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => stop.abort());
  }
  using _parent = process.env.npm_command === "exec" ? watchParent(stop) : undefined;
  const tell: Tell = (event, fields, text) => {
    const time = new Date().toISOString();
    print(json ? formatJson({ time, event, ...fields }) : text);
  };
  await runDev({
    ...options,
    state,
    signal: stop.signal,
    log(level: Level, event, message, fields) {
      const isShown = isAtLeast("warn", level) || SHOWN.has(event);
      if (!json && !isShown) return;
      tell(
        event,
        { level, message, ...fields },
        formatLine(new Date().toISOString(), level, message),
      );
    },
    onRequest: (record) => tell("request", record, formatRequest(record, process.stdout.columns)),
    async onReady(ready) {
      const hasKeys = !json && process.stdin.isTTY && process.stdout.isTTY;
      const announced = { ...options, hasKeys, tell };
      await announce(ready, announced);
      if (!hasKeys) return undefined;
      return watchKeys({
        p: () => void tellLinks(ready, announced),
        q: () => stop.signal.aborted ? process.exit(130) : stop.abort(),
      });
    },
  });
  tell("stopped", {}, paint("dim", "stopped"));
}

/** Ends the command after npx, which hands no signal on. */
function watchParent(stop: AbortController): Disposable {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) stop.abort();
  }, PARENT_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
