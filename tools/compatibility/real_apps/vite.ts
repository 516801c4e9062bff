// A page in development by Vite: modules by absolute paths, and edits that arrive without a reload.
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { expect } from "../cells.ts";
import type { AppTab } from "../app_tab.ts";
import { until } from "../../testing/until.ts";
import { APPS, installNpm, npmVersions } from "../install.ts";
import type { RealApp } from "./real_app.ts";

export const VITE: RealApp = {
  name: "Vite",
  id: "vite",
  async prepare(port) {
    const folder = await installNpm("vite");
    await cp(join(APPS, "vite"), folder, { recursive: true });
    return {
      command: [
        process.execPath,
        "node_modules/vite/bin/vite.js",
        "--host",
        "127.0.0.1",
        "--port",
        String(port),
        "--strictPort",
      ],
      cwd: folder,
      versions: npmVersions(folder, "vite", "react"),
      ready: "",
    };
  },
  steps: {
    "socket": (tab) => seeEdit(tab, join("vite", "src", "App.jsx"), "Notes by Vite"),
    "upload": async (tab) => {
      await tab.choose("input[type=file]", 1_500_000);
      await tab.read("Sent 1500000 bytes");
    },
    "link": async (tab) => {
      await tab.click("a");
      await tab.read("This is /notes/1");
    },
    "deep link": async (tab) => {
      await tab.open("notes/2?from=bookmark");
      await tab.read("This is /notes/2");
      await tab.click("button");
      await tab.read("Count is 1");
    },
    "reload": async (tab) => {
      await tab.reload();
      await tab.read("This is /notes/2");
      await tab.read("Count is 0");
    },
  },
  pose: (tab) => tab.read("Notes by Vite"),
};

/**
 * Edits a heading in the app's source, and waits until the page shows it without having been loaded anew.
 *
 * @param path Of the source in apps/. The app runs in the copy that is installed.
 */
export async function seeEdit(tab: AppTab, path: string, heading: string): Promise<void> {
  const [app, ...rest] = path.split("/");
  const file = join(await installNpm(app!), ...rest);
  const source = await readFile(join(APPS, path), "utf8");
  await tab.read(heading);
  // A page that the server has made takes no clicks until its scripts run.
  const count = () => tab.evaluate(() => /Count is (\d+)/.exec(document.body.innerText)?.[1]);
  await until(async () => {
    await tab.click("button");
    return await count() !== "0";
  });
  const before = await count();
  try {
    await writeFile(file, source.replace(heading, "Edited"));
    await tab.read("Edited");
    expect("count", await count(), before);
  } finally {
    await writeFile(file, source);
  }
  await tab.read(heading);
}
