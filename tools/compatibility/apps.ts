// The rows of the table: how each app is installed and started.
import { join } from "node:path";
import process from "node:process";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import type { Cell, Check } from "./cells.ts";
import { checks as gradio } from "./checks/gradio.ts";
import { checks as jupyterlab, TOKEN as JUPYTER_TOKEN } from "./checks/jupyterlab.ts";
import { checks as streamlit } from "./checks/streamlit.ts";
import {
  APPS,
  installNpm,
  installPhp,
  installPython,
  npmVersions,
  outputOf,
  pythonVersions,
} from "./install.ts";

/** An app of the table. */
export interface App {
  name: string;
  /** The name of its service: the app is at `/ID/` in the tunnel, and at `/local/ID/` on the site. */
  id: string;
  /**
   * Whether it has the same path on its own server as on the site, since its pages use absolute URLs.
   *
   * @default false: it has no path
   */
  hasSitePath?: boolean;
  /** The port, if the app must know it when it is built. @default any free one */
  port?: number;
  /** Installs what it needs. @param port The port of 127.0.0.1 on which it is to listen. */
  prepare(port: number): Promise<Prepared>;
  /** Settings besides its defaults, in Markdown. */
  settings?: string;
  /** Columns for which the framework has nothing. */
  without?: Cell[];
  /** Checks in place of the usual ones, for an app that is not of apps/. */
  checks?: Partial<Record<Cell, Check>>;
}

/** An installed app. */
export interface Prepared {
  command: string[];
  environment?: Record<string, string>;
  /** @default the folder apps/ */
  cwd?: string;
  /** Frameworks and servers with their versions. */
  versions: string;
  /** A path that answers as soon as it is up. @default "hello?name=Ann" */
  ready?: string;
}

const ROOT = join(APPS, "..", "..", "..");
const PYTHON = "requirements.txt";
const LONG_PYTHON = "requirements-long.txt";

const onGunicorn = ["-m", "gunicorn", "--threads", "8", "--bind"];

/** Those that `npm test` runs. */
export const SHORT_LIST: App[] = [
  {
    name: "node:http",
    id: "node",
    prepare: (port) =>
      Promise.resolve({
        command: [process.execPath, "node_http.ts", String(port)],
        versions: `Node.js ${process.version.slice(1)}, ${npmVersions(ROOT, "ws")}`,
      }),
  },
  {
    name: "express",
    id: "express",
    prepare: (port) =>
      Promise.resolve({
        command: [process.execPath, "express.ts", String(port)],
        versions: npmVersions(ROOT, "express", "multer", "ws"),
      }),
  },
  {
    name: "hono",
    id: "hono",
    async prepare(port) {
      const folder = await installNpm("hono");
      return {
        command: [process.execPath, "hono.ts", String(port), folder],
        versions: npmVersions(folder, "hono", "@hono/node-server", "@hono/node-ws"),
      };
    },
  },
  {
    name: "Django, runserver",
    id: "django",
    settings: "`DEBUG = True`, so that `ALLOWED_HOSTS` has its default.",
    prepare: (port) =>
      onPython(PYTHON, ["django_app.py", "runserver", "--noreload", `127.0.0.1:${port}`], ["Django"]),
    without: ["WebSocket"],
  },
  {
    name: "Django, gunicorn",
    id: "django-gunicorn",
    settings: "The same, and 8 threads.",
    prepare: (port) =>
      onPython(PYTHON, [...onGunicorn, `127.0.0.1:${port}`, "django_app"], ["Django", "gunicorn"]),
    without: ["WebSocket"],
  },
  {
    name: "Flask, its own server",
    id: "flask",
    prepare: (port) =>
      onPython(
        PYTHON,
        ["-m", "flask", "--app", "flask_app", "run", "--port", String(port)],
        ["Flask", "Werkzeug", "flask-sock", "Flask-WTF"],
      ),
  },
  {
    name: "Flask, gunicorn",
    id: "flask-gunicorn",
    settings: "8 threads",
    prepare: (port) =>
      onPython(
        PYTHON,
        [...onGunicorn, `127.0.0.1:${port}`, "flask_app:app"],
        ["Flask", "gunicorn", "flask-sock", "Flask-WTF"],
      ),
  },
  {
    name: "FastAPI, uvicorn",
    id: "fastapi",
    prepare: (port) =>
      onPython(
        PYTHON,
        ["-m", "uvicorn", "--port", String(port), "fastapi_app:app"],
        ["fastapi", "uvicorn"],
      ),
  },
  {
    name: "Python's http.server",
    id: "http-server",
    async prepare(port) {
      const { command } = await onPython(PYTHON, ["http_server.py", String(port)], []);
      return { command, versions: await outputOf(command[0]!, "--version") };
    },
    without: ["WebSocket"],
  },
  {
    name: "php -S",
    id: "php",
    settings: "`PHP_CLI_SERVER_WORKERS=4`: otherwise an event stream holds up all other requests.",
    async prepare(port) {
      const php = installPhp();
      return {
        command: [php, "-S", `127.0.0.1:${port}`, "app.php"],
        environment: { PHP_CLI_SERVER_WORKERS: "4" },
        versions: `PHP ${await outputOf(php, "-r", "echo PHP_VERSION;")}`,
      };
    },
    without: ["WebSocket"],
  },
];

/** Those that `npm run compatibility` runs besides: they take minutes to install. */
export const LONG_LIST: App[] = [
  {
    name: "Next",
    id: "next",
    settings: '`basePath: "/local/next"`, and 4 MiB for server actions.',
    hasSitePath: true,
    async prepare(port) {
      const folder = await installNpm("next");
      return {
        command: [
          process.execPath,
          "node_modules/next/dist/bin/next",
          ...["start", "--hostname", "127.0.0.1", "--port", String(port)],
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
    settings: "`paths.origin` is the backend's own origin, as it must be for any client by plain HTTP; `BODY_SIZE_LIMIT=4M`.",
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
          LONG_PYTHON,
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
          LONG_PYTHON,
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
    settings: "`auth`, so that there is a login.",
    async prepare(port) {
      const prepared = await onPython(LONG_PYTHON, ["gradio_app.py", String(port)], ["gradio"]);
      const environment = { ...prepared.environment, GRADIO_ANALYTICS_ENABLED: "False" };
      return { ...prepared, environment, ready: "" };
    },
    without: ["Form", "Redirect", "WebSocket"],
    checks: gradio,
  },
];

async function onPython(list: string, args: string[], packages: string[]): Promise<Prepared> {
  const python = await installPython(list);
  return {
    command: [python, ...args],
    environment: { PYTHONDONTWRITEBYTECODE: "1" },
    versions: await pythonVersions(python, ...packages),
  };
}
