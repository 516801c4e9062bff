// The apps that only `npm run compatibility` visits: they install and start for minutes.
import process from "node:process";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { type App, onPython } from "./app.ts";
import { checks as gradio } from "./checks/gradio.ts";
import { checks as jupyterlab, TOKEN as JUPYTER_TOKEN } from "./checks/jupyterlab.ts";
import { checks as streamlit } from "./checks/streamlit.ts";
import { installNpm, npmVersions } from "./install.ts";

const PYTHON = "requirements-long.txt";

/** Those that `npm run compatibility` runs besides: they take minutes to install. */
export const LONG_LIST: App[] = [
  {
    name: "Next",
    id: "next",
    settings: '`basePath: "/local/next"`, and 4 MiB for server actions',
    hasSitePath: true,
    async prepare(port) {
      const folder = await installNpm("next");
      return {
        command: [
          process.execPath,
          "node_modules/next/dist/bin/next",
          "start",
          "--hostname",
          "127.0.0.1",
          "--port",
          String(port),
        ],
        cwd: folder,
        versions: npmVersions(folder, "next", "react"),
      };
    },
    without: ["WebSocket"],
  },
  {
    name: "SvelteKit, adapter-node",
    id: "sveltekit",
    settings:
      "`paths.origin`, without which it refuses forms by plain HTTP from anybody; `BODY_SIZE_LIMIT=4M`",
    port: 39_173,
    async prepare(port) {
      const folder = await installNpm("sveltekit");
      return {
        command: [process.execPath, "build"],
        // Its own limit is 512 KiB.
        environment: { HOST: "127.0.0.1", PORT: String(port), BODY_SIZE_LIMIT: "4M" },
        cwd: folder,
        versions: npmVersions(folder, "@sveltejs/kit", "@sveltejs/adapter-node"),
      };
    },
    without: ["WebSocket"],
  },
  {
    name: "JupyterLab",
    id: "jupyterlab",
    settings: "`ServerApp.base_url=/local/jupyterlab/`",
    hasSitePath: true,
    async prepare(port) {
      const folder = temporaryFolder();
      const settings = {
        "ServerApp.base_url": "/local/jupyterlab/",
        "ServerApp.port": port,
        "ServerApp.root_dir": folder,
        "IdentityProvider.token": JUPYTER_TOKEN,
      };
      const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
      return {
        ...await onPython(
          PYTHON,
          ["-m", "jupyterlab", "--no-browser", "--allow-root", ...flags],
          ["jupyterlab", "jupyter-server"],
        ),
        ready: "api",
      };
    },
    without: ["SSE"],
    checks: jupyterlab,
  },
  {
    name: "Streamlit",
    id: "streamlit",
    settings: "`server.baseUrlPath=local/streamlit`",
    hasSitePath: true,
    async prepare(port) {
      const settings = {
        "server.baseUrlPath": "local/streamlit",
        "server.port": port,
        "server.address": "127.0.0.1",
        "server.headless": true,
        "browser.gatherUsageStats": false,
      };
      const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
      return {
        ...await onPython(
          PYTHON,
          ["-m", "streamlit", "run", "streamlit_app.py", ...flags],
          ["streamlit"],
        ),
        ready: "_stcore/health",
      };
    },
    without: ["JSON POST", "Form", "Login", "Redirect", "SSE"],
    checks: streamlit,
  },
  {
    name: "Gradio",
    id: "gradio",
    settings: "`auth`, for the login",
    async prepare(port) {
      const prepared = await onPython(PYTHON, ["gradio_app.py", String(port)], ["gradio"]);
      const environment = { ...prepared.environment, GRADIO_ANALYTICS_ENABLED: "False" };
      return { ...prepared, environment, ready: "" };
    },
    without: ["Form", "Redirect", "WebSocket"],
    checks: gradio,
  },
];
