// Programs of Debian: Prometheus, Syncthing, Transmission, noVNC.
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "../../testing/temporary_folder.ts";
import type { Prepared } from "../app.ts";
import { type AppTab, newFile } from "../app_tab.ts";
import { expect } from "../cells.ts";
import { debianVersions } from "../install.ts";
import { findOrInstall } from "../../testing/debian_program.ts";
import type { RealApp } from "./real_app.ts";
import { untilText, untilTitle } from "./steps.ts";

const run = promisify(execFile);

export const DEBIAN_APPS: RealApp[] = [
  {
    name: "Prometheus",
    id: "prometheus",
    async prepare(port) {
      const program = findOrInstall("prometheus", "prometheus");
      const config = await newFile("prometheus.yml", "scrape_configs: []\n");
      const flags = {
        "config.file": config,
        "storage.tsdb.path": join(temporaryFolder(), "data"),
        "web.listen-address": `127.0.0.1:${port}`,
      };
      return {
        command: [program, ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)],
        versions: await debianVersions("prometheus"),
        ready: "-/ready",
      };
    },
    steps: {
      "its page after a redirect": async (tab) => {
        await tab.read("Prometheus");
        await tab.see("input, textarea, .cm-content");
      },
      "query": async (tab) => {
        const status = await tab.evaluate(async () =>
          (await fetch("/api/v1/query?query=1")).status
        );
        expect("status", status, 200);
      },
      "a link of its menu": async (tab) => {
        await tab.click('a[href*="alerts"]');
        await tab.read("Prometheus");
      },
      "deep link": async (tab) => {
        await tab.open("graph?g0.expr=6*7&g0.tab=1");
        await tab.read("Prometheus");
      },
    },
  },
  {
    name: "Syncthing",
    id: "syncthing",
    async prepare(port) {
      const program = findOrInstall("syncthing", "syncthing");
      const home = temporaryFolder();
      await run(program, ["generate", "--no-default-folder", `--home=${home}`]);
      // It keeps to itself: no discovery, no relays, no reports.
      const file = join(home, "config.xml");
      const config = (await readFile(file, "utf8"))
        .replace(
          /<(globalAnnounceEnabled|localAnnounceEnabled|relaysEnabled|natEnabled|crashReportingEnabled)>true/g,
          "<$1>false",
        )
        .replace("<urAccepted>0", "<urAccepted>-1");
      await writeFile(file, config);
      const flags = ["--no-browser", "--no-upgrade", "--no-restart", `--home=${home}`];
      return {
        command: [program, "serve", ...flags, `--gui-address=127.0.0.1:${port}`],
        // Without the process that starts it anew, which would outlive its own end.
        environment: { STNOUPGRADE: "1", STMONITORED: "1", HOME: home },
        versions: await debianVersions("syncthing"),
        ready: "",
      };
    },
    steps: {
      "its page": (tab) => tab.read("Add Folder"),
      "its interface answers (a cookie against forged requests)": async (tab) => {
        await tab.read("Uptime");
        const { status, trouble } = await tab.evaluate(async () => {
          const [name, value] = document.cookie.split("; ")
            .find((pair) => pair.startsWith("CSRF-Token"))!.split("=");
          const headers = { [`X-${name}`]: value! };
          const { status } = await fetch("/rest/system/version", { headers });
          const shown = document.querySelector(".modal.in, .modal.show") as HTMLElement | null;
          return {
            status,
            trouble: /Connection Error|Forbidden/.exec(shown?.innerText ?? "")?.[0],
          };
        });
        expect("trouble", trouble, undefined);
        expect("status", status, 200);
      },
    },
  },
  {
    name: "Transmission",
    id: "transmission",
    first: "transmission/web/",
    prepare: (port) => transmission(port, ["-T"]),
    steps: {
      "its page": (tab) => untilTitle(tab, /Transmission/),
      "a request with its session header": async (tab) => {
        const status = await tab.evaluate(async () => {
          const { headers } = await fetch("../rpc", { method: "POST", body: "{}" });
          const name = "x-transmission-session-id";
          const filename = `magnet:?xt=urn:btih:${"8".repeat(40)}&dn=debian.iso`;
          const body = { method: "torrent-add", arguments: { filename, paused: true } };
          const sent = { [name]: headers.get(name) ?? "" };
          const init = { method: "POST", headers: sent, body: JSON.stringify(body) };
          return (await fetch("../rpc", init)).status;
        });
        expect("status", status, 200);
      },
      "its list": async (tab) => {
        await untilText(tab, "#torrent_list", /debian\.iso/);
        const dialog = await tab.evaluate(() =>
          document.querySelector("#dialog_container")!.checkVisibility()
        );
        expect("a message of a failure", dialog, false);
      },
      "redirect from its root": async (tab) => {
        await tab.open("");
        await untilTitle(tab, /Transmission/);
      },
    },
  },
  {
    name: "Transmission with a password",
    id: "transmission-password",
    first: "transmission/web/",
    prepare: (port) => transmission(port, ["-t", "-u", "ann", "-v", "password"]),
    steps: {
      "sign in (HTTP Basic)": async (tab) => {
        await signIn(tab, "ann", "password");
        await untilTitle(tab, /Transmission/);
      },
    },
  },
  {
    name: "noVNC",
    id: "novnc",
    first: "vnc.html?autoconnect=true&path=websockify",
    async prepare(port) {
      for (
        const [command, name] of [
          ["Xvfb", "xvfb"],
          ["x11vnc", "x11vnc"],
          ["xmessage", "x11-utils"],
          ["xsetroot", "x11-xserver-utils"],
        ]
      ) {
        findOrInstall(command!, name!);
      }
      const websockify = findOrInstall("websockify", "novnc", "websockify");
      // The desktop's number, and the port of its server.
      const [display, vnc] = [port % 1_000 + 100, 5900 + port % 1_000 + 100];
      const script = `Xvfb :${display} -screen 0 640x480x16 & sleep 1
x11vnc -display :${display} -localhost -rfbport ${vnc} -forever -shared -nopw -quiet &
export DISPLAY=:${display}; xsetroot -solid steelblue; xmessage -center "A desktop by noVNC" &
exec ${websockify} --web /usr/share/novnc 127.0.0.1:${port} 127.0.0.1:${vnc}`;
      return {
        command: ["sh", "-c", script],
        versions: await debianVersions("novnc", "websockify"),
        ready: "vnc.html",
      };
    },
    steps: {
      "its page": async (tab) => void await tab.see("#noVNC_container"),
      "the desktop (binary WebSocket)": async (tab) =>
        void await tab.see('#noVNC_container canvas[width="640"]'),
    },
  },
];

async function transmission(port: number, access: string[]): Promise<Prepared> {
  const program = findOrInstall("transmission-daemon", "transmission-daemon");
  const folder = temporaryFolder();
  const isolated = ["--no-portmap", "--no-dht", "--no-utp", "--peerport", String(port - 1)];
  const web = ["-p", String(port), "-r", "127.0.0.1", ...access];
  return {
    command: [program, "-f", "-g", folder, "-w", folder, ...web, ...isolated],
    versions: await debianVersions("transmission-daemon"),
    ready: "transmission/web/",
  };
}

/** Fills in the form that the service worker has for HTTP Basic; without a tunnel, the browser's own. */
async function signIn(tab: AppTab, user: string, password: string): Promise<void> {
  await untilText(tab, "body", /\S/);
  if (!await tab.evaluate(() => document.querySelector("#password") !== null)) {
    await tab.page.authenticate({ username: user, password });
    return await tab.reload();
  }
  await tab.type("#user", user);
  await tab.type("#password", password);
  await tab.click("button");
}
