// What a page makes of the registry before it opens a socket.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import * as assert from "uvu/assert";
import { listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { type LighthouseError, signHostEntry } from "../../wire/mod.ts";
import { checkRegistry } from "./registry.ts";

const test = suite("page registry");

async function createKey() {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const hostKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { hostKey, signingKey: pair.privateKey };
}
const key = await createKey();
const online = await signHostEntry({ host: "pi", connectionId: "pi=", time: 1, ...key });
const left = await signHostEntry({ host: "pi", time: 1, ...key });
const theirs = await signHostEntry({
  host: "pi",
  connectionId: "thief=",
  time: 1,
  ...await createKey(),
});

/** Serves one answer, and looks. @returns The code of what comes of it; undefined for nothing. */
async function look(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<string | undefined> {
  const server = createServer((request, response) => answer(response, request));
  await using listening = await listen(server);
  const registry = new URL("/bucket/", listening.url);
  try {
    await checkRegistry({ registry, host: "pi", hostKey: key.hostKey, signal });
    return undefined;
  } catch (error) {
    return (error as LighthouseError).code ?? error;
  }
}

const HOUR = 3_600_000;
/** S3's answer with an entry that was written so many milliseconds ago, by its own clock. */
const entry = (text: string, age: number) => (response: ServerResponse) => {
  // Some years off: the page's clock counts for nothing.
  const now = Date.UTC(2019, 1, 1);
  response.setHeader("date", new Date(now).toUTCString());
  response.setHeader("last-modified", new Date(now - age).toUTCString());
  response.end(text);
};

const cases: [what: string, answer: Parameters<typeof look>[0], code: string | undefined][] = [
  ["a host that is registered is dialled", entry(online, 1_000), undefined],
  ["one that registered within two hours is dialled", entry(online, 2 * HOUR), undefined],
  [
    "one whose connection has ended for certain is offline",
    entry(online, 3 * HOUR),
    "host-offline",
  ],
  ["one that has left is offline", entry(left, 1_000), "host-offline"],
  ["an entry of another host's key is refused", entry(theirs, 1_000), "host-key-changed"],
  [
    "a host's entry with another connection is refused",
    entry(online.replace("pi=", "my="), 1_000),
    "host-key-changed",
  ],
  ["an entry without times is dialled", (response) => response.end(online), undefined],
  ["what is no entry says nothing", entry("<html>", 1_000), undefined],
  ["what is too long says nothing", entry(" ".repeat(100_000), 1_000), undefined],
  ["what is not there says nothing", (response) => response.writeHead(403).end(), undefined],
  ["a server's error says nothing", (response) => response.writeHead(503).end(online), undefined],
  [
    "a redirect is not followed, and says nothing",
    (response, { url }) =>
      url === "/left" ? response.end(left) : response.writeHead(302, { location: "/left" }).end(),
    undefined,
  ],
  ["a server that says nothing, says nothing", () => {}, undefined],
  [
    "a connection that breaks says nothing",
    (response) =>
      response.writeHead(200, { "content-length": 500 }).write("{", () => response.destroy()),
    undefined,
  ],
];
for (const [what, answer, code] of cases) {
  test(what, async () => {
    assert.is(await look(answer), code);
  });
}

test("asks for the host's own object, and takes nothing from a cache", async () => {
  let asked: IncomingMessage | undefined;
  await look((response, request) => {
    asked = request;
    response.end(online);
  });
  assert.is(asked!.url, "/bucket/hosts/pi.json");
  assert.match(asked!.headers["cache-control"]!, "no-cache");
  assert.is(asked!.headers.cookie, undefined);
});

test("gives up with the reason of whoever gives up", async () => {
  const stop = new AbortController();
  const reason = new Error("enough");
  assert.is(await look(() => stop.abort(reason), stop.signal), reason as never);
});

test.run();
