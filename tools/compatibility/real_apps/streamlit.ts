// Streamlit: all that it shows goes over its WebSocket, and its upload needs a cookie that scripts see.
import { onPython } from "../app.ts";
import type { RealApp } from "./real_app.ts";

export const STREAMLIT: RealApp = {
  name: "Streamlit",
  id: "streamlit-pages",
  async prepare(port) {
    const settings = {
      "server.port": port,
      "server.address": "127.0.0.1",
      "server.headless": true,
      "browser.gatherUsageStats": false,
    };
    const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
    return {
      ...await onPython(
        "requirements-real.txt",
        ["-m", "streamlit", "run", "streamlit_pages/home.py", ...flags],
        ["streamlit"],
      ),
      ready: "_stcore/health",
    };
  },
  steps: {
    "socket": async (tab) => {
      await tab.read("Count is 0");
      await tab.click("[data-testid=stButton] button");
      await tab.read("Count is 1");
    },
    "upload": async (tab) => {
      await tab.choose("input[type=file]", 1_500_000);
      await tab.read("Sent 1500000 bytes");
    },
    "link": async (tab) => {
      await tab.click("[data-testid=stSidebarNav] a[href$=second]");
      await tab.read("The second page");
    },
    "deep link": async (tab) => {
      await tab.open("second?note=7");
      await tab.read("It is asked for 7");
    },
    "reload": async (tab) => {
      await tab.reload();
      await tab.read("It is asked for 7");
    },
  },
  async pose(tab) {
    await tab.read("Count is 0");
    await STREAMLIT.steps["upload"]!(tab);
  },
};
