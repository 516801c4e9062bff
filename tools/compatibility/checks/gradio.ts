// Gradio by the requests of its own scripts.
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type Checks, expect } from "../cells.ts";
import type { Visit } from "../visit.ts";

const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };
const TEXT = "grüße, 日本";

export const checks: Checks = {
  "GET": async (visit) => {
    await logIn(visit);
    expect("version", typeof JSON.parse((await visit.fetch("config")).text).version, "string");
    await visit.show("");
    // Its scripts have run: this is what they show.
    await visit.tab.waitForSelector("textarea, input", { timeout: 30_000 });
  },
  "JSON POST": async (visit) => {
    await logIn(visit);
    expect("event's id", (await shout(visit)).length > 0, true);
  },
  "File upload": async (visit) => {
    await logIn(visit);
    const data = randomBytes(1.5 * 1024 * 1024);
    await visit.show("config");
    const text = await visit.tab.evaluate(
      async (url, base64) => {
        const file = await (await fetch(`data:application/octet-stream;base64,${base64}`)).blob();
        const body = new FormData();
        body.append("files", file, "file.bin");
        return await (await fetch(url, { method: "POST", body })).text();
      },
      visit.url("gradio_api/upload"),
      data.toString("base64"),
    );
    const [path] = JSON.parse(text);
    const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
    expect("SHA-256", sha256(await readFile(path)), sha256(data));
  },
  "Login": async (visit) => {
    await visit.fetch("logout");
    expect("status before the login", (await visit.fetch("config")).status, 401);
    await logIn(visit);
    expect("status after the login", (await visit.fetch("config")).status, 200);
  },
  "SSE": async (visit) => {
    await logIn(visit);
    await visit.show("config");
    const answer = await visit.tab.evaluate(
      (url) =>
        new Promise((resolve) => {
          const source = new EventSource(url);
          source.addEventListener("complete", ({ data }) => {
            source.close();
            resolve(data);
          });
          setTimeout(() => resolve('["nothing"]'), 15_000);
        }),
      visit.url(`gradio_api/call/shout/${await shout(visit)}`),
    );
    expect("answer", JSON.parse(String(answer))[0], TEXT.toUpperCase());
  },
};

async function logIn(visit: Visit): Promise<void> {
  const body = "username=Ann&password=password";
  const { status } = await visit.fetch("login", { method: "POST", headers: FORM_TYPE, body });
  expect("status of the login", status, 200);
}

/** Begins a call. @returns Its id. */
async function shout(visit: Visit): Promise<string> {
  const init = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ data: [TEXT] }),
  };
  return JSON.parse((await visit.fetch("gradio_api/call/shout", init)).text).event_id;
}
