// Python's frameworks whose pages are plain HTML: Flask, FastAPI, Datasette.
import { onPython } from "../app.ts";
import { expect } from "../cells.ts";
import { takeDownload } from "../downloads.ts";
import type { RealApp } from "./real_app.ts";
import { seeStyle } from "./steps.ts";

const PYTHON = "requirements-pages.txt";

export const PYTHON_PAGES: RealApp[] = [
  {
    name: "Flask with a session",
    id: "flask-session",
    async prepare(port) {
      const prepared = await onPython(PYTHON, ["pages/flask_pages.py", String(port)], ["Flask"]);
      return { ...prepared, ready: "login" };
    },
    steps: {
      "login by a form, and redirects": async (tab) => {
        await tab.type("#user", "Ann");
        await tab.click("#go");
        await tab.read("Hello Ann");
      },
      "style sheet": seeStyle,
      "upload by a form": async (tab) => {
        await tab.choose("#file", 70_000);
        await tab.click("#send");
        await tab.read("Got 70000 bytes");
      },
      "an absolute link": async (tab) => {
        await tab.click("#back");
        await tab.read("Hello Ann");
      },
      "download": async (tab) => {
        await tab.click("#report");
        expect("bytes", (await takeDownload(tab.page, "report.bin")).length, 100_000);
      },
      "logout by a redirect": async (tab) => {
        await tab.click("#out");
        await tab.read("Log in");
      },
    },
    async pose(tab) {
      await tab.type("#user", "Ann");
      await tab.click("#go");
      await tab.read("Hello Ann");
    },
  },
  {
    name: "FastAPI",
    id: "fastapi",
    async prepare(port) {
      const prepared = await onPython(PYTHON, ["pages/fastapi_pages.py", String(port)], [
        "fastapi",
        "uvicorn",
      ]);
      return { ...prepared, ready: "" };
    },
    steps: {
      "its page": (tab) => tab.read("Shop"),
      "socket": (tab) => tab.read("The socket works"),
      "a link that is redirected to an absolute URL": async (tab) => {
        await tab.click("#items");
        await tab.read("All items");
      },
      "a link to the backend's own address": async (tab) => {
        await tab.click("#own");
        await tab.read("Item 7");
      },
      "deep link": async (tab) => {
        await tab.open("items");
        await tab.read("All items");
      },
    },
  },
  {
    name: "Datasette",
    id: "datasette",
    async prepare(port) {
      const args = ["-m", "datasette", "--memory", "-h", "127.0.0.1", "-p", String(port)];
      return { ...await onPython(PYTHON, args, ["datasette"]), ready: "-/versions.json" };
    },
    steps: {
      "its page": (tab) => tab.read("_memory"),
      "a link": async (tab) => {
        await tab.click('a[href$="/_memory"]');
        await tab.read("SQL");
      },
      "a query by a form": async (tab) => {
        await tab.open("_memory?sql=select+6*7+as+answer");
        await tab.read("42");
        await tab.click("#run-sql, input[type=submit]");
        await tab.read("42");
      },
    },
  },
];
