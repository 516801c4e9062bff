// For tests: a real systemd, as the first process of separate namespaces. It sees this machine's files;
// an overlay takes its writes, and is thrown away. The network is this machine's.
import { execFile, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

/** A running systemd, with a manager for the user root. */
export interface Systemd extends AsyncDisposable {
  /** Runs a command inside. */
  run(...command: string[]): Promise<{ code: number; output: string; errors: string }>;
  /** Writes a file inside. */
  write(path: string, text: string): Promise<void>;
}

const SYSTEMD = "/lib/systemd/systemd";

const CHECKOUT = new URL("../../", import.meta.url).pathname;

/** This checkout's path inside, whatever its real path. */
const SHOWN = "/srv/lighthouse/";

/** Returns the path of a file for {@linkcode Systemd.run}. */
export function pathInside(path: string): string {
  return path.startsWith(CHECKOUT) ? SHOWN + path.slice(CHECKOUT.length) : path;
}

/** Makes its view of the files: this machine's, with a layer in memory on top. */
const VIEW = `
set -e
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount --make-rprivate /
mount -t tmpfs tmpfs /media
mkdir /media/up /media/work /media/root
root=/media/root
mount -t overlay overlay -o lowerdir=/,upperdir=/media/up,workdir=/media/work $root
`;

const BOOT = `
${VIEW}
mount --rbind /sys $root/sys
mount --rbind /dev $root/dev
mount -t proc proc $root/proc
mount -t tmpfs tmpfs $root/run
mount -t tmpfs tmpfs $root/tmp
mkdir -p $root/run/lock $root${SHOWN}
mount --bind "$1" $root${SHOWN}
mkdir -p $root/mnt/old
cd $root
# Not chroot: who is in one may make no user namespace.
pivot_root . mnt/old
umount --lazy /mnt/old
exec env -i container=other ${SYSTEMD} --system --unit=basic.target
`;

/** Whether this process may do what {@linkcode bootSystemd} needs. */
export function canBootSystemd(): boolean {
  return process.platform === "linux" && process.getuid!() === 0 && existsSync(SYSTEMD) &&
    existsSync("/usr/bin/nsenter") && existsSync("/usr/bin/dbus-daemon") &&
    spawnSync("unshare", ["--pid", "--fork", "--mount", "sh", "-c", VIEW]).status === 0;
}

/**
 * Boots a systemd.
 *
 * @throws {Error} With its output, if it does not start.
 */
export async function bootSystemd(): Promise<Systemd> {
  const child = spawn(
    "unshare",
    [
      "--pid",
      "--fork",
      "--kill-child",
      "--mount",
      "--uts",
      "--ipc",
      "--cgroup",
      "bash",
      "-c",
      BOOT,
      "bash",
      CHECKOUT,
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => said += text);
  }
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  const enter = async () => [
    "nsenter",
    "--target",
    await firstChild(child.pid!),
    "--mount",
    "--pid",
    "--uts",
    "--ipc",
    "--root",
    "env",
    "--chdir=/",
    "-i",
    "HOME=/root",
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "XDG_RUNTIME_DIR=/run/user/0",
  ];
  const run: Systemd["run"] = async (...command) => {
    const [program, ...args] = [...await enter(), ...command];
    return await new Promise((resolve) =>
      execFile(program!, args, (error, output, errors) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, output, errors });
      })
    );
  };
  try {
    for (let tries = 0; tries < 150; tries++) {
      await sleep(200);
      if (child.exitCode !== null) break;
      const { code } = await run("systemctl", "start", "user@0.service").catch(() => ({ code: 1 }));
      if (code !== 0) continue;
      return {
        run,
        async write(path, text) {
          const script = 'mkdir -p "$(dirname "$1")" && printf %s "$2" > "$1"';
          const { code, errors } = await run("sh", "-c", script, "sh", path, text);
          if (code !== 0) throw new Error(errors);
        },
        [Symbol.asyncDispose]: stop,
      };
    }
    throw new Error(`systemd does not start: ${said}`);
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Returns a process's child, which is systemd, with this machine's pid. */
async function firstChild(pid: number): Promise<string> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.trim().split(" ")[0]!;
}
