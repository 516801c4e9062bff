// A hand-written app with all kinds of absolute paths, workers, cookies and navigations (apps/events.ts).
import process from "node:process";
import type { AppTab } from "../app_tab.ts";
import { expect } from "../cells.ts";
import type { RealApp, Step } from "./real_app.ts";
import { seeStyle, untilText, untilTitle } from "./steps.ts";

const WORKS = /^the socket works$/;
const shows = (id: string, pattern: RegExp): Step => (tab) => untilText(tab, `#${id}`, pattern);

export const EVENTS: RealApp = {
  name: "A hand-written app",
  id: "events",
  prepare: (port) =>
    Promise.resolve({
      command: [process.execPath, "events.ts", String(port)],
      versions: `Node.js ${process.version.slice(1)}`,
      ready: "echo",
    }),
  steps: {
    "style sheet": seeStyle,
    "EventSource": shows("event", /^\d+$/),
    "WebSocket": shows("socket", WORKS),
    "worker with importScripts and fetch": shows("worker", /^part 200$/),
    "module worker": shows("module", /^module part 200$/),
    "WebSocket of a worker": shows("socket-worker", WORKS),
    "WebSocket of a worker from a blob": shows("blob-worker", WORKS),
    "WebSocket of a shared worker": shows("shared-worker", WORKS),
    "WebSocket of a frame with srcdoc": shows("srcdoc", WORKS),
    "its own service worker is registered, or refused by its name": shows(
      "own-worker",
      /^(registered|NotSupportedError)$/,
    ),
    "a cookie of a script": async (tab) => {
      await untilText(tab, "#set", /theme=dark/);
      const cookie = await tab.evaluate(async () => (await (await fetch("/echo")).json()).cookie);
      expect("whether the app got the cookie", /theme=dark/.test(cookie), true);
    },
    "a cookie of the app": async (tab) => {
      await tab.open("set-cookie");
      await tab.read("Set");
      const cookie = await tab.evaluate(() => document.cookie);
      expect("whether scripts see the cookie", /language=de/.test(cookie), true);
    },
    "a link": async (tab) => {
      await tab.open("");
      await isStill(tab);
      await tab.click("#deep");
      await tab.read("at /deep/page");
    },
    "history.back()": async (tab) => {
      await tab.evaluate(() => setTimeout(() => history.back()));
      await isAt(tab, "/");
    },
    "location.assign()": async (tab) => {
      await tab.evaluate(() => void setTimeout(() => location.assign("/deep/assigned")));
      await isAt(tab, "/deep/assigned");
    },
    "location.reload()": async (tab) => {
      await tab.evaluate(() => {
        document.querySelector("#at")!.remove();
        setTimeout(() => location.reload());
      });
      await isAt(tab, "/deep/assigned");
    },
    "pushState(), and location.reload()": async (tab) => {
      await tab.evaluate(() => {
        history.pushState(null, "", "/deep/pushed");
        setTimeout(() => location.reload());
      });
      await isAt(tab, "/deep/pushed");
    },
    "a link to the top window": async (tab) => {
      await isStill(tab);
      await tab.click("#top");
      await isAt(tab, "/deep/top");
    },
    "a form": async (tab) => {
      await isStill(tab);
      await tab.click("#send");
      await tab.read("Got a & b");
    },
    "form.submit()": async (tab) => {
      await tab.open("");
      await isAt(tab, "/");
      await tab.evaluate(() => void setTimeout(() => document.querySelector("form")!.submit()));
      await tab.read("Got a & b");
    },
    "a link to the backend's own address": async (tab) => {
      await tab.open("own");
      await tab.click("#own");
      await isAt(tab, "/deep/own");
    },
    "sendBeacon()": async (tab) => {
      await tab.evaluate(() => navigator.sendBeacon("/beacon", "x"));
      const sent = await tab.evaluate(async () => {
        for (let tries = 0; tries < 20; tries++) {
          if (await (await fetch("/beaconed")).text() === "true") return true;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        return false;
      });
      expect("whether the beacon came", sent, true);
    },
    "deep link and reload": async (tab) => {
      await tab.open("deep/link?y=2#part");
      await isAt(tab, "/deep/link");
      await tab.reload();
      await isAt(tab, "/deep/link");
      await untilText(tab, "#event", /^\d+$/);
    },
    "a page with a strict policy": async (tab) => {
      await tab.open("strict");
      await untilTitle(tab, WORKS);
    },
  },
  pose: isStill,
};

function isAt(tab: AppTab, path: string): Promise<void> {
  return untilText(tab, "#at", new RegExp(`^at ${path}$`));
}

/** Waits for the page's texts: they move what is below as they come. */
async function isStill(tab: AppTab): Promise<void> {
  for (const id of ["worker", "module", "shared-worker", "srcdoc"]) {
    await untilText(tab, `#${id}`, /\S/);
  }
}
