// The columns of the table: what a visitor does with each app, and what must come of it.
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ElementHandle } from "puppeteer-core";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import type { Seen } from "./contract.ts";
import type { Visit } from "./visit.ts";

/** Does something with an app. @throws {Error} If it does not work, with the reason. */
export type Check = (visit: Visit) => Promise<void>;

/** Checks by the names of their columns. */
export type Checks = Partial<Record<Cell, Check>>;

const TEXT = "Grüße & <b>1+1=2</b> 日本 😀";
const JSON_TYPE = { "content-type": "application/json" };
const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };

/** Longer than the bodies that the host counts. */
const FILE_BYTES = 1.5 * 1024 * 1024;

/** The headers of a reverse proxy. */
const FORWARDED = "forwarded,x-forwarded-for,x-forwarded-host,x-forwarded-prefix,x-forwarded-proto";

/** Events to wait for: those of three answers, so that the browser asks twice where to go on. */
const EVENTS = 7;

/** The checks by the names of their columns. They suit each app that keeps to the contract. */
export const CELLS = {
  "GET": async (visit) => {
    const path = `hello?name=${encodeURIComponent(TEXT)}`;
    const { name, seen } = JSON.parse((await visit.fetch(path)).text);
    expect("name", name, TEXT);
    expectSeen(seen, visit, false);
    await visit.show(path);
    const shown = JSON.parse(await visit.tab.evaluate(() => document.body.innerText));
    expect("name in a tab", shown.name, TEXT);
    expectSeen(shown.seen, visit, false);
  },
  "JSON POST": async (visit) => {
    const body = JSON.stringify({ text: TEXT });
    const init = { method: "POST", headers: JSON_TYPE, body };
    await visit.show("hello?name=Ann");
    for (const answer of [await visit.fetch("json", init), await visit.fetchInTab("json", init)]) {
      expect("status", answer.status, 200);
      const { text, seen } = JSON.parse(answer.text);
      expect("text", text, TEXT);
      expectSeen(seen, visit, true);
      expect("Content-Length", seen.length, String(Buffer.byteLength(body)));
    }
  },
  "Form": async (visit) => {
    await visit.show("form");
    await visit.tab.type("input[name=text]", TEXT);
    const { text, seen } = await send(visit);
    expect("text", text, TEXT);
    expectSeen(seen as Seen, visit, true);
    expect("Referer", (seen as Seen).referer, `${rootOf(visit)}form`);
  },
  "File upload": async (visit) => {
    const data = randomBytes(FILE_BYTES);
    const file = join(temporaryFolder(), "file.bin");
    writeFileSync(file, data);
    await visit.show("upload");
    const input = await visit.tab.waitForSelector("input[type=file]");
    await (input as ElementHandle<HTMLInputElement>).uploadFile(file);
    const { size, sha256, seen } = await send(visit);
    expect("size", size, FILE_BYTES);
    expect("SHA-256", sha256, createHash("sha256").update(data).digest("hex"));
    expectSeen(seen as Seen, visit, true);
  },
  "Login": async (visit) => {
    expect("status before the login", (await visit.fetch("home")).status, 401);
    await visit.show("login");
    if (await visit.tab.$("input[type=hidden][name*=token]")) {
      const init = { method: "POST", headers: FORM_TYPE, body: "user=Ann" };
      const { status } = await visit.fetch("login", init);
      if (status !== 403) expect("status without a token", status, 400);
    }
    await visit.tab.type("input[name=user]", "Ann");
    expect("user", (await send(visit)).user, "Ann");
    expect("URL", visit.tab.url(), visit.url("home"));
    expect("status after the login", (await visit.fetch("home")).status, 200);
  },
  "Redirect": async (visit) => {
    const { text } = await visit.fetch("moved");
    if (!text.includes("landed")) throw new Error(`fetch() has not landed: ${text.slice(0, 80)}`);
    await visit.show("moved");
    expect("landed", (await read(visit)).landed, "moved");
    expect("URL", visit.tab.url(), visit.url("landed?from=moved"));
  },
  "SSE": async (visit) => {
    await visit.show("hello?name=Ann");
    const seen = await visit.tab.evaluate(
      (url, count) =>
        new Promise((resolve) => {
          const source = new EventSource(url);
          const seen: string[] = [];
          setTimeout(() => resolve(`only ${seen}`), 15_000);
          source.onmessage = ({ data, lastEventId }) => {
            if (seen.push(`${lastEventId}=${data}`) < count) return;
            source.close();
            resolve(seen.join(" "));
          };
        }),
      visit.url("events"),
      EVENTS,
    );
    expect(
      "events",
      seen,
      Array.from({ length: EVENTS }, (_, at) => `${at + 1}=${at + 1}`).join(" "),
    );
  },
  "WebSocket": async (visit) => {
    expect("echo", await visit.talk("socket", ["hello, ", TEXT, "."], /\.$/), `hello, ${TEXT}.`);
  },
} satisfies Record<string, Check>;

/** The name of a column. */
export type Cell = keyof typeof CELLS;

/** @throws {Error} If the value is another. */
export function expect(what: string, value: unknown, wanted: unknown): void {
  if (value === wanted) return;
  throw new Error(`${what}: ${JSON.stringify(value)} in place of ${JSON.stringify(wanted)}`);
}

/** Sends the tab's form, and reads the page to which it leads. */
async function send(visit: Visit): Promise<Record<string, unknown>> {
  await visit.tab.click("button");
  return await read(visit);
}

async function read({ tab }: Visit): Promise<Record<string, unknown>> {
  // Some frameworks show the answer by a navigation, others by a script.
  await tab.waitForSelector("#got", { timeout: 10_000 }).catch(() => {});
  const { got, text } = await tab.evaluate(() => ({
    got: document.querySelector("#got")?.textContent,
    text: document.body.innerText,
  }));
  if (got) return JSON.parse(got);
  throw new Error(`The answer is "${text.replace(/\s+/g, " ").trim().slice(0, 160)}"`);
}

/** The app's root as it is to see it. */
function rootOf(visit: Visit): string {
  return visit.isProxied ? visit.url("") : visit.own;
}

/**
 * Checks that the app has seen a client on its own machine, or else a reverse proxy.
 *
 * @param sends Whether the client sent a body.
 */
function expectSeen(seen: Seen, visit: Visit, sends: boolean): void {
  const { host, origin } = new URL(rootOf(visit));
  // Some frameworks have their own host here, others the proxy's.
  if (!visit.isProxied) expect("Host", seen.host, host);
  expect("Origin", seen.origin, sends ? origin : null);
  if (seen.referer) expect("Referer's origin", new URL(seen.referer).origin, origin);
  expect("Transfer-Encoding", seen.chunked, false);
  if (sends) expect("whether there is Content-Length", Number(seen.length) > 0, true);
  const forwarded = visit.isProxied ? FORWARDED : "";
  expect("headers about a client", seen.forwarded.toSorted().join(), forwarded);
}
