// The apps that `npm test` visits: they install within seconds.
import { join } from "node:path";
import process from "node:process";
import { type App, onPython } from "./app.ts";
import { APPS, installNpm, npmVersions, outputOf } from "./install.ts";
import { findOrInstall } from "../testing/debian_program.ts";

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
    settings: "`DEBUG = True`, which the default of `ALLOWED_HOSTS` needs",
    prepare: (port) =>
      onPython(PYTHON, ["django_app.py", "runserver", "--noreload", `127.0.0.1:${port}`], [
        "Django",
      ]),
    without: ["WebSocket"],
  },
  {
    name: "Django, gunicorn",
    id: "django-gunicorn",
    settings: "`DEBUG = True`; 8 threads",
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
    name: "Django, as=proxy",
    id: "django-proxied",
    settings: "`DEBUG = True`; `USE_X_FORWARDED_HOST = True`",
    isProxied: true,
    prepare: (port) =>
      onPython(
        PYTHON,
        ["django_app.py", "runserver", "--noreload", `127.0.0.1:${port}`],
        ["Django"],
        { BEHIND_PROXY: "1" },
      ),
    without: ["WebSocket"],
  },
  {
    name: "Flask, as=proxy",
    id: "flask-proxied",
    settings: "Werkzeug's `ProxyFix`",
    isProxied: true,
    prepare: (port) =>
      onPython(
        PYTHON,
        [...onGunicorn, `127.0.0.1:${port}`, "flask_app:app"],
        ["Flask", "gunicorn", "flask-sock", "Flask-WTF"],
        { BEHIND_PROXY: "1" },
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
    settings: "`PHP_CLI_SERVER_WORKERS=4`: otherwise an event stream holds up other requests",
    async prepare(port) {
      const php = findOrInstall("php", "php-cli");
      return {
        command: [php, "-S", `127.0.0.1:${port}`, "app.php"],
        environment: { PHP_CLI_SERVER_WORKERS: "4" },
        versions: `PHP ${await outputOf(php, "-r", "echo PHP_VERSION;")}`,
      };
    },
    without: ["WebSocket"],
  },
];
