// Python's frameworks whose pages are widgets of the server: Gradio, marimo, Dash, Bokeh, NiceGUI.
import { onPython } from "../app.ts";
import type { RealApp } from "./real_app.ts";
import { untilText } from "./steps.ts";

const PYTHON = "requirements-pages.txt";

export const WIDGETS: RealApp[] = [
  {
    name: "Gradio",
    id: "gradio",
    async prepare(port) {
      const prepared = await onPython(PYTHON, ["pages/gradio_page.py", String(port)], ["gradio"], {
        GRADIO_ANALYTICS_ENABLED: "False",
      });
      return { ...prepared, ready: "config" };
    },
    steps: {
      "an answer (POST, event stream)": async (tab) => {
        await tab.type("#name textarea, #name input", "Ann");
        await tab.click("#greet");
        await untilText(tab, "#greeting textarea, #greeting input", /^Hello Ann!$/);
      },
      "upload": async (tab) => {
        await tab.choose("#file input[type=file]", 300_000);
        await untilText(tab, "#size textarea, #size input", /^300000 bytes$/);
      },
      "reload": async (tab) => {
        await tab.reload();
        await tab.see("#greet");
      },
    },
    async pose(tab) {
      await tab.type("#name textarea, #name input", "Ann");
      await tab.click("#greet");
      await untilText(tab, "#greeting textarea, #greeting input", /^Hello Ann!$/);
      await tab.choose("#file input[type=file]", 300_000);
      await untilText(tab, "#size textarea, #size input", /^300000 bytes$/);
    },
  },
  {
    name: "marimo",
    id: "marimo",
    async prepare(port) {
      const flags = ["--headless", "--host=127.0.0.1", `--port=${port}`, "--no-token"];
      const args = ["-m", "marimo", "-q", "run", "pages/marimo_page.py", ...flags];
      return { ...await onPython(PYTHON, args, ["marimo"]), ready: "health" };
    },
    steps: {
      "its page (WebSocket)": (tab) => tab.read("Seven times is 42"),
      "reload": async (tab) => {
        await tab.reload();
        await tab.read("Seven times is 42");
      },
    },
  },
  {
    name: "Dash",
    id: "dash",
    async prepare(port) {
      const prepared = await onPython(PYTHON, ["pages/dash_page.py", String(port)], ["dash"]);
      return { ...prepared, ready: "" };
    },
    steps: {
      "its page": (tab) => tab.read("You said a"),
      "an answer (POST)": async (tab) => {
        await tab.type("#said", "bc");
        await tab.read("You said abc");
      },
    },
    async pose(tab) {
      await tab.type("#said", " banana");
      await tab.read("You said a banana");
      await tab.see("#letters .bars path");
    },
  },
  {
    name: "Bokeh",
    id: "bokeh",
    first: "bokeh_page",
    async prepare(port) {
      const flags = ["--port", String(port), "--address", "127.0.0.1"];
      const args = ["-m", "bokeh", "serve", "pages/bokeh_page.py", ...flags];
      return { ...await onPython(PYTHON, args, ["bokeh"]), ready: "bokeh_page" };
    },
    steps: {
      "its page (WebSocket)": async (tab) => void await tab.see(">>> .bk-btn"),
      "a button (WebSocket)": async (tab) => {
        await tab.click(">>> .bk-btn");
        await tab.see(">>> ::-p-text(Count is 1)");
      },
    },
    async pose(tab) {
      for (let count = 1; count < 8; count++) {
        await tab.click(">>> .bk-btn");
        await tab.see(`>>> ::-p-text(Count is ${count})`);
      }
    },
  },
  {
    name: "NiceGUI",
    id: "nicegui",
    async prepare(port) {
      const prepared = await onPython(PYTHON, ["pages/nicegui_page.py", String(port)], ["nicegui"]);
      return { ...prepared, ready: "" };
    },
    steps: {
      "its page": (tab) => tab.read("Count is 0"),
      "a button (socket.io)": async (tab) => {
        await tab.click("button");
        await tab.read("Count is 1");
      },
    },
    async pose(tab) {
      for (let count = 1; count < 8; count++) {
        await tab.click("button");
        await tab.read(`Count is ${count}`);
      }
    },
  },
];
