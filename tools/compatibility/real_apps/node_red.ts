// Node-RED: a login with a bearer token, its WebSocket, a flow that takes files.
import { cp } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { temporaryFolder } from "../../testing/temporary_folder.ts";
import { expect } from "../cells.ts";
import { APPS, installNpm, npmVersions } from "../install.ts";
import type { RealApp } from "./real_app.ts";

export const NODE_RED: RealApp = {
  name: "Node-RED",
  id: "node-red",
  async prepare(port) {
    const folder = await installNpm("node_red");
    const data = temporaryFolder();
    for (const file of ["settings.js", "flows.json"]) {
      await cp(join(APPS, "node_red", file), join(data, file));
    }
    const program = join(folder, "node_modules/node-red/red.js");
    return {
      command: [process.execPath, program, "--port", String(port), "--userDir", data],
      versions: npmVersions(folder, "node-red"),
      ready: "auth/login",
    };
  },
  steps: {
    "login": async (tab) => {
      await tab.type("#node-dialog-login-username", "ann");
      await tab.type("#node-dialog-login-password", "password");
      await tab.click("#node-dialog-login-submit");
      await tab.see(".red-ui-palette-node");
    },
    "socket": async (tab) => {
      await tab.evaluate(() => {
        // Its editor's own commands, which its keys and menus have, too.
        const { RED } = globalThis as unknown as { RED: Editor };
        RED.sidebar.show("debug");
        const inject = document.querySelector("#inject .red-ui-flow-node-button-button")!;
        for (const type of ["mousedown", "mouseup", "click"]) {
          inject.dispatchEvent(new MouseEvent(type, { bubbles: true, button: 0 }));
        }
      });
      await tab.read("the socket works");
    },
    "upload": async (tab) => {
      await tab.open("form");
      await tab.choose("input[type=file]", 1_500_000);
      await tab.click("button");
      await tab.read("notes.bin has 1500000 bytes");
    },
    "deep link": async (tab) => {
      await tab.open("#flow/files");
      await tab.see("#red-ui-workspace-chart");
      await tab.read("Upload");
      expect("fragment", await tab.evaluate(() => location.hash), "#flow/files");
    },
    "reload": async (tab) => {
      await tab.reload();
      await tab.see(".red-ui-palette-node");
      await tab.read("Upload");
    },
  },
};

interface Editor {
  sidebar: { show(name: string): void };
}
