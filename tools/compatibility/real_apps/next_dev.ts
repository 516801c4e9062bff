// A page in development by Next: edits that arrive without a reload, and a server action, which checks Origin.
import { cp } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { APPS, installNpm, npmVersions } from "../install.ts";
import type { RealApp } from "./real_app.ts";
import { until } from "./steps.ts";
import { seeEdit } from "./vite.ts";

export const NEXT_DEV: RealApp = {
  name: "Next in development",
  id: "next-dev",
  async prepare(port) {
    const folder = await installNpm("next_dev");
    await cp(join(APPS, "next_dev"), folder, { recursive: true });
    return {
      command: [
        process.execPath,
        "node_modules/next/dist/bin/next",
        "dev",
        "--hostname",
        "127.0.0.1",
        "--port",
        String(port),
      ],
      environment: { NEXT_TELEMETRY_DISABLED: "1" },
      cwd: folder,
      versions: npmVersions(folder, "next", "react"),
      ready: "",
    };
  },
  steps: {
    "socket": async (tab) => {
      // The server's HTML shows the button before React has taken it over.
      await until(tab, () => {
        const button = document.querySelector("button");
        return button !== null && Object.keys(button).some((key) => key.startsWith("__react"));
      });
      await seeEdit(tab, join("next_dev", "app", "page.jsx"), "Notes by Next");
    },
    "upload": async (tab) => {
      await tab.choose("input[type=file]", 500_000);
      await tab.click("#send");
      await tab.read("Sent 500000 bytes");
    },
    "link": async (tab) => {
      await tab.click("a");
      await tab.read("Note 1");
    },
    "deep link": async (tab) => {
      await tab.open("notes/2");
      await tab.read("Note 2");
    },
    "reload": async (tab) => {
      await tab.reload();
      await tab.read("Note 2");
    },
  },
  pose: (tab) => tab.read("Notes by Next"),
};
