// PocketBase: an admin's page by relative paths, whose token lies in localStorage.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { temporaryFolder } from "../../testing/temporary_folder.ts";
import { installGo } from "../install.ts";
import type { RealApp } from "./real_app.ts";

const VERSION = "v0.36.8";

export const POCKETBASE: RealApp = {
  name: "PocketBase",
  id: "pocketbase",
  first: "_/",
  async prepare(port) {
    const program = await installGo("github.com/pocketbase/pocketbase/examples/base", VERSION);
    const cwd = temporaryFolder();
    const data = ["--dir", cwd];
    await promisify(execFile)(
      program,
      ["superuser", "upsert", "ann@example.com", "a password", ...data],
      { cwd },
    );
    return {
      command: [program, "serve", `--http=127.0.0.1:${port}`, ...data],
      cwd,
      versions: `PocketBase ${VERSION.slice(1)}`,
      ready: "api/health",
    };
  },
  steps: {
    "login": async (tab) => {
      await tab.type("input[type=email]", "ann@example.com");
      await tab.type("input[type=password]", "a password");
      await tab.click("button[type=submit]");
      await tab.see(".sidebar-list, .app-sidebar, [class*=sidebar]");
    },
    "reload": async (tab) => {
      await tab.reload();
      await tab.see(".sidebar-list, .app-sidebar, [class*=sidebar]");
    },
  },
};
