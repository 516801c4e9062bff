// JupyterLab: a login form with an XSRF token, a kernel, a terminal, an upload.
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../testing/temporary_folder.ts";
import { until } from "../../testing/until.ts";
import { onPython } from "../app.ts";
import type { AppTab } from "../app_tab.ts";
import type { RealApp } from "./real_app.ts";

const TOKEN = randomUUID();

export const JUPYTERLAB: RealApp = {
  name: "JupyterLab",
  id: "jupyterlab",
  async prepare(port) {
    const folder = temporaryFolder();
    await writeFile(join(folder, "hello.txt"), "a deep hello\n");
    const settings = {
      "ServerApp.ip": "127.0.0.1",
      "ServerApp.port": port,
      "ServerApp.root_dir": folder,
      "IdentityProvider.token": TOKEN,
      // It asks the internet for news.
      "LabApp.news_url": "",
      "LabApp.expose_app_in_browser": true,
    };
    const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
    return {
      ...await onPython(
        "requirements-real.txt",
        ["-m", "jupyterlab", "--no-browser", "--allow-root", ...flags],
        ["jupyterlab", "jupyter-server"],
        { JUPYTER_CONFIG_DIR: temporaryFolder(), JUPYTER_DATA_DIR: temporaryFolder() },
      ),
      ready: "api",
    };
  },
  steps: {
    "login": async (tab) => {
      await tab.type("#password_input", TOKEN);
      await tab.click("#login_submit");
      await tab.see(".jp-Launcher");
    },
    "socket: a kernel": async (tab) => {
      await launch(tab, '[data-category="Notebook"]', ".jp-Notebook");
      await tab.click(".jp-Notebook .cm-content");
      await tab.read("| Idle");
      await tab.page.keyboard.type("print(6 * 7)");
      await tab.page.keyboard.down("Shift");
      await tab.page.keyboard.press("Enter");
      await tab.page.keyboard.up("Shift");
      await tab.see(".jp-OutputArea-output pre");
      await tab.read("42");
    },
    "socket: a terminal": async (tab) => {
      await tab.open("lab?reset");
      await launch(tab, '[data-category="Other"][title*="erminal"]', ".jp-Terminal");
      await tab.click(".jp-Terminal .xterm-screen");
      await seeTerminal(tab, /[#$] *$/);
      await tab.page.keyboard.type("echo $((6*7))\n");
      await seeTerminal(tab, /^42$/m);
    },
    "upload": async (tab) => {
      // The field is not in the page, and only Chromium's driver finds it by its click.
      await tab.evaluate(() => {
        HTMLInputElement.prototype.click = function () {
          this.id = "chooser";
          document.body.append(this);
        };
      });
      await tab.click('[title="Upload Files"]');
      await tab.choose("#chooser", 1_500_000);
      // It sends long files in parts.
      await until(async () => {
        const size = await tab.evaluate(async () => {
          const response = await fetch("/api/contents/notes.bin?content=0");
          return response.ok ? (await response.json()).size : 0;
        });
        return size === 1_500_000;
      });
      await tab.see('.jp-DirListing-item[title*="notes.bin"]');
    },
    "deep link": async (tab) => {
      await tab.open("lab/tree/hello.txt");
      await tab.read("a deep hello");
    },
    "reload": async (tab) => {
      await tab.reload();
      await tab.read("a deep hello");
    },
  },
  async pose(tab) {
    await JUPYTERLAB.steps["login"]!(tab);
    await JUPYTERLAB.steps["socket: a kernel"]!(tab);
    // It asks whether one wants news.
    await tab.click(".Toastify__toast ::-p-text(No)");
  },
};

/** Opens something from the launcher. JupyterLab may lose a click before it has restored its layout. */
async function launch(tab: AppTab, card: string, opened: string): Promise<void> {
  const click = () => tab.click(`.jp-LauncherCard${card}`);
  await click();
  await tab.see(opened).catch(click);
}

/** Waits until the terminal that is shown has a text. It is painted, so the page does not have it. */
async function seeTerminal(tab: AppTab, pattern: RegExp): Promise<void> {
  await until(async () =>
    pattern.test(
      await tab.evaluate(() => {
        const { jupyterapp } = globalThis as unknown as { jupyterapp: Lab };
        const { active } = jupyterapp.shell.currentWidget.content._term.buffer;
        const lines = Array.from(
          { length: active.length },
          (_, at) => active.getLine(at).translateToString(true),
        );
        return lines.join("\n").trimEnd();
      }),
    )
  );
}

/** The parts of JupyterLab that `expose_app_in_browser` gives to scripts. */
interface Lab {
  shell: { currentWidget: { content: { _term: { buffer: { active: TerminalLines } } } } };
}

interface TerminalLines {
  length: number;
  getLine(at: number): { translateToString(trim: boolean): string };
}
