// JupyterLab by the requests of its own scripts: its login form, its API with the XSRF token, a kernel.
import { randomBytes } from "node:crypto";
import { type Checks, expect } from "../cells.ts";
import type { Visit } from "../visit.ts";

/** The server's token, with which one logs in. */
export const TOKEN = "a-token-for-tests";

const CODE = "print(6 * 7)";

export const checks: Checks = {
  "GET": async (visit) => {
    await logIn(visit);
    expect("status", (await visit.fetch("api/status")).status, 200);
    await visit.show("lab");
    // Its scripts have run: this is what they show.
    await visit.tab.waitForSelector("#jp-main-dock-panel", { timeout: 30_000 });
  },
  "JSON POST": async (visit) => {
    const token = await logIn(visit);
    expect("status without a token", (await post(visit, "api/kernels", "")).status, 403);
    expect("status", (await post(visit, "api/kernels", token)).status, 201);
  },
  "Form": async (visit) => void await logIn(visit),
  "File upload": async (visit) => {
    const headers = { "X-XSRFToken": await logIn(visit) };
    const content = randomBytes(1.5 * 1024 * 1024).toString("base64");
    const body = JSON.stringify({ type: "file", format: "base64", content });
    const { status, text } = await visit.fetch("api/contents/file.bin", {
      method: "PUT",
      headers,
      body,
    });
    if (status !== 201) expect(text, status, 200);
    const read = await visit.fetch("api/contents/file.bin?format=base64");
    expect("content", JSON.parse(read.text).content.replaceAll("\n", "") === content, true);
  },
  "Login": async (visit) => {
    await logIn(visit);
    expect("status after the login", (await visit.fetch("api/contents")).status, 200);
  },
  "Redirect": async (visit) => {
    await logIn(visit);
    await visit.show("");
    expect("path", new URL(visit.tab.url()).pathname, new URL(visit.url("lab")).pathname);
  },
  "WebSocket": async (visit) => {
    const { text } = await post(visit, "api/kernels", await logIn(visit));
    const header = { msg_id: "1", msg_type: "execute_request", session: "1", version: "5.3" };
    const content = { code: CODE, silent: false, store_history: false, allow_stdin: false };
    const rest = { parent_header: {}, metadata: {}, buffers: [], channel: "shell" };
    const request = JSON.stringify({ header, content, ...rest });
    await visit.talk(`api/kernels/${JSON.parse(text).id}/channels`, [request], /"text": ?"42\\n"/);
  },
};

/** Tokens against other sites' requests, by visits that are logged in. */
const tokens = new WeakMap<Visit, Promise<string>>();

/** Logs in unless that is done. @returns The token, as the login form has it. */
function logIn(visit: Visit): Promise<string> {
  const token = tokens.get(visit) ?? useLogin(visit);
  tokens.set(visit, token);
  return token;
}

/** Sends the login form with a wrong password, then with the right one. */
async function useLogin(visit: Visit): Promise<string> {
  expect("status before the login", (await visit.fetch("api/contents")).status, 403);
  await visit.show("login?next=api");
  const token = await visit.tab.$eval("input[name=_xsrf]", (field) => field.getAttribute("value")!);
  await submit(visit, "wrong");
  const text = await visit.tab.evaluate(() => document.body.innerText);
  expect("whether it refuses a wrong password", /Invalid credentials/.test(text), true);
  await submit(visit, TOKEN);
  return token;
}

async function submit({ tab }: Visit, password: string): Promise<void> {
  await tab.type("input[name=password]", password);
  await Promise.all([tab.waitForNavigation(), tab.click("#login_submit")]);
}

function post(visit: Visit, path: string, token: string) {
  const headers = { "content-type": "application/json", "X-XSRFToken": token };
  return visit.fetch(path, { method: "POST", headers, body: "{}" });
}
