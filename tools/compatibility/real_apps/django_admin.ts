// Django's admin: a login with CSRF tokens, redirects, pages and style sheets by absolute paths, a file.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { join } from "node:path";
import { temporaryFolder } from "../../testing/temporary_folder.ts";
import { onPython } from "../app.ts";
import { expect } from "../cells.ts";
import { APPS } from "../install.ts";
import type { RealApp } from "./real_app.ts";
import { until } from "./steps.ts";

const run = promisify(execFile);

export const DJANGO_ADMIN: RealApp = {
  name: "Django admin",
  id: "django-admin",
  first: "admin/",
  async prepare(port) {
    const address = `127.0.0.1:${port}`;
    const environment = { DATA: temporaryFolder(), DJANGO_SUPERUSER_PASSWORD: "password" };
    const prepared = await onPython(
      "requirements-real.txt",
      ["manage.py", "runserver", "--noreload", address],
      ["Django"],
      environment,
    );
    const cwd = join(APPS, "django_admin");
    const manage = (...args: string[]) =>
      run(prepared.command[0]!, ["manage.py", ...args], {
        cwd,
        env: { ...process.env, ...prepared.environment },
      });
    await manage("migrate", "--run-syncdb");
    await manage("createsuperuser", "--noinput", "--username=ann", "--email=ann@example.com");
    return { ...prepared, cwd, ready: "admin/login/" };
  },
  steps: {
    "login": async (tab) => {
      await tab.type("#id_username", "ann");
      await tab.type("#id_password", "password");
      await tab.click("[type=submit]");
      await tab.read("Site administration");
      // Its style sheets have arrived.
      const color = await tab.evaluate(() =>
        getComputedStyle(document.querySelector("#header")!).backgroundColor
      );
      expect("whether it is styled", color === "rgba(0, 0, 0, 0)", false);
    },
    "upload": async (tab) => {
      await tab.click("a[href$='/notes/note/add/']");
      await tab.type("#id_title", "First");
      // A pop-up gives its answer to the page that has opened it, and closes.
      const popup = await tab.popup(() => tab.click("#add_id_label"));
      await popup.type("#id_name", "green");
      await popup.click("[name=_save]");
      await until(
        tab,
        () =>
          document.querySelector<HTMLSelectElement>("#id_label")!.selectedOptions[0]?.text ===
            "green",
      );
      await tab.choose("#id_file", 1_500_000);
      await tab.click("[name=_save]");
      await tab.read("was added successfully");
    },
    "deep link": async (tab) => {
      await tab.open("admin/notes/note/1/change/");
      await tab.read("Change note");
      const path = await tab.evaluate(() =>
        document.querySelector<HTMLAnchorElement>(".file-upload a")!.getAttribute("href")
      );
      expect("the file's path", path, "/media/notes/notes.bin");
      const bytes = await tab.evaluate(
        async (path) => (await (await fetch(path!)).arrayBuffer()).byteLength,
        path,
      );
      expect("the file's length", bytes, 1_500_000);
    },
    "reload": async (tab) => {
      await tab.reload();
      await tab.read("Change note");
    },
  },
};
