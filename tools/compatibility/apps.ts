// The rows of the table: how each app is installed and started.
import { join } from "node:path";
import process from "node:process";
import type { Cell, Check } from "./cells.ts";
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
  /** Part of its paths in the tunnel. */
  id: string;
  /** Installs what it needs. @param port The port of 127.0.0.1 on which it is to listen. */
  prepare(port: number): Promise<Prepared>;
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
    prepare: (port) =>
      onPython(["django_app.py", "runserver", "--noreload", `127.0.0.1:${port}`], "Django"),
    without: ["WebSocket"],
  },
  {
    name: "Django, gunicorn",
    id: "django-gunicorn",
    prepare: (port) =>
      onPython([...onGunicorn, `127.0.0.1:${port}`, "django_app"], "Django", "gunicorn"),
    without: ["WebSocket"],
  },
  {
    name: "Flask, its own server",
    id: "flask",
    prepare: (port) =>
      onPython(
        ["-m", "flask", "--app", "flask_app", "run", "--port", String(port)],
        ...["Flask", "Werkzeug", "flask-sock", "Flask-WTF"],
      ),
  },
  {
    name: "Flask, gunicorn",
    id: "flask-gunicorn",
    prepare: (port) =>
      onPython(
        [...onGunicorn, `127.0.0.1:${port}`, "flask_app:app"],
        ...["Flask", "gunicorn", "flask-sock", "Flask-WTF"],
      ),
  },
  {
    name: "FastAPI, uvicorn",
    id: "fastapi",
    prepare: (port) =>
      onPython(["-m", "uvicorn", "--port", String(port), "fastapi_app:app"], "fastapi", "uvicorn"),
  },
  {
    name: "Python's http.server",
    id: "http-server",
    async prepare(port) {
      const { command } = await onPython(["http_server.py", String(port)]);
      return { command, versions: await outputOf(command[0]!, "--version") };
    },
    without: ["WebSocket"],
  },
  {
    name: "php -S",
    id: "php",
    async prepare(port) {
      const php = installPhp();
      return {
        command: [php, "-S", `127.0.0.1:${port}`, "app.php"],
        // It serves one request at a time otherwise, so an event stream would hold up the others.
        environment: { PHP_CLI_SERVER_WORKERS: "4" },
        versions: `PHP ${await outputOf(php, "-r", "echo PHP_VERSION;")}`,
      };
    },
    without: ["WebSocket"],
  },
];

async function onPython(args: string[], ...packages: string[]): Promise<Prepared> {
  const python = await installPython(PYTHON);
  return {
    command: [python, ...args],
    environment: { PYTHONDONTWRITEBYTECODE: "1" },
    versions: await pythonVersions(python, ...packages),
  };
}
