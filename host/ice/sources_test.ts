import { createHmac } from "node:crypto";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { LIFE_MS, sourceOf } from "./sources.ts";

const test = suite("ICE server sources");

const NOW = 1_800_000_000_000;
const signal = new AbortController().signal;
const KEY = { cloudflare: "abc123", token: "t0ken" };

/** A stand-in for Cloudflare's API. */
function answering(status: number, body: unknown) {
  const asked: { url: string; init: RequestInit }[] = [];
  const platform = {
    now: () => NOW,
    fetch: ((url: string, init: RequestInit) => {
      asked.push({ url, init });
      const text = typeof body === "string" ? body : JSON.stringify(body);
      return Promise.resolve(new Response(text, { status }));
    }) as unknown as typeof fetch,
  };
  return { asked, source: sourceOf(KEY, platform) };
}

test("static servers are given as they are set", async () => {
  const entry = { urls: ["turn:a.example:3478"], username: "u", credential: "p" };
  const source = sourceOf(entry);
  assert.is(source.name, "a.example");
  assert.equal(await source.renew(signal), [entry]);
});

test("a shared secret makes the credential that coturn expects: HMAC-SHA1 of its end and a name", async () => {
  const urls = ["turn:a.example"];
  const source = sourceOf({ urls, secret: "north" }, { fetch, now: () => NOW + 999 });
  const username = `${(NOW + LIFE_MS) / 1000}:lighthouse`;
  const credential = createHmac("sha1", "north").update(username).digest("base64");
  assert.equal(await source.renew(signal), [
    { urls, username, credential, expires: NOW + LIFE_MS },
  ]);
});

test("Cloudflare is asked by its API, and its servers get an end", async () => {
  const turn = { username: "u".repeat(96), credential: "c".repeat(96) };
  const { source, asked } = answering(201, {
    iceServers: [
      { urls: ["stun:stun.cloudflare.com:3478", "stun:stun.cloudflare.com:53"] },
      {
        urls: [
          "turn:turn.cloudflare.com:3478?transport=udp",
          "turn:turn.cloudflare.com:53?transport=udp",
          "turns:turn.cloudflare.com:443?transport=tcp",
        ],
        ...turn,
      },
    ],
  });
  const found = await source.renew(signal);
  const [{ url, init }] = asked as [typeof asked[0]];
  assert.is(
    url,
    "https://rtc.live.cloudflare.com/v1/turn/keys/abc123/credentials/generate-ice-servers",
  );
  assert.is(init.method, "POST");
  assert.is((init.headers as Record<string, string>).authorization, "Bearer t0ken");
  assert.equal(JSON.parse(init.body as string), { ttl: 86_400 });
  // Browsers block port 53.
  assert.equal(found, [
    { urls: ["stun:stun.cloudflare.com:3478"] },
    {
      urls: [
        "turn:turn.cloudflare.com:3478?transport=udp",
        "turns:turn.cloudflare.com:443?transport=tcp",
      ],
      ...turn,
      expires: NOW + LIFE_MS,
    },
  ]);
});

test("Cloudflare's earlier form, one server without a list, is read too", async () => {
  const server = { urls: ["turn:turn.cloudflare.com:3478"], username: "u", credential: "c" };
  const { source } = answering(201, { iceServers: server });
  assert.equal(await source.renew(signal), [{ ...server, expires: NOW + LIFE_MS }]);
});

for (
  const [status, body, message] of [
    [401, "", /refuses the token \(401\): give the API token of this TURN key/],
    [403, "", /refuses the token \(403\)/],
    [404, "", /knows no TURN key of this id \(404\)/],
    [429, "", /asked too often/],
    [500, "oops", /answered 500: it is asked again later/],
    [201, "<html>", /no list of servers/],
    [201, {}, /no list of servers/],
    [201, { iceServers: [] }, /no list of servers/],
    [201, { iceServers: [{ urls: "turn:a" }] }, /no list of servers .*username/],
    [201, " ".repeat(20_000), /longer than 16384/],
  ] as [number, unknown, RegExp][]
) {
  test(`Cloudflare's answer ${status} ${JSON.stringify(body).slice(0, 40)} tells its cause`, async () => {
    const { source } = answering(status, body);
    const error = await source.renew(signal).then(() => assert.unreachable(), (error) => error);
    assert.match(error.message, message);
    assert.not.match(error.message, "t0ken");
  });
}

test("a network that does not reach Cloudflare is told", async () => {
  const fails = () =>
    Promise.reject(new TypeError("fetch failed", { cause: new Error("ENOTFOUND") }));
  const source = sourceOf(KEY, { now: () => NOW, fetch: fails as typeof fetch });
  const error = await source.renew(signal).then(() => assert.unreachable(), (error) => error);
  assert.match(error.message, /cannot be reached \(ENOTFOUND\)/);
});

test.run();
