import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { type LighthouseError, toBase64url } from "../wire/mod.ts";
import { thrownBy } from "../wire/testing/failure.ts";
import { type Attributes, parseAttributes, parseKeySite } from "./settings.ts";
import { MemoryStore } from "./testing/memory_store.ts";

const test = suite("page's settings");

const store = new MemoryStore();
const AGENT = {
  userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
};
const KEY = new Uint8Array(65).fill(1).with(0, 4) as Uint8Array<ArrayBuffer>;

function parse(attributes: Partial<Attributes>) {
  return parseAttributes({
    relay: "wss://relay.example/prod",
    host: null,
    registry: null,
    hostKey: null,
    stun: null,
    iceServers: null,
    deviceName: null,
    ...attributes,
  }, { store, navigator: AGENT, origin: "https://me.example" });
}

test("a relay is enough", () => {
  const { relay, host, registry, ice, name } = parse({});
  assert.is(relay.href, "wss://relay.example/prod");
  assert.is(host, undefined);
  assert.is(registry, undefined);
  assert.is(ice.iceServers.length, 1);
  assert.is(name, "Firefox on Linux");
});

test("each attribute has its effect", () => {
  const { host, registry, ice, name } = parse({
    host: " pi ",
    registry: "https://bucket.s3.us-east-1.amazonaws.com",
    stun: "stun:a.example:3478 stun:b.example",
    deviceName: ` ${"x".repeat(100)}`,
  });
  assert.is(host, "pi");
  assert.is(registry!.href, "https://bucket.s3.us-east-1.amazonaws.com/");
  assert.equal(ice.iceServers.map(({ urls }) => urls[0]), [
    "stun:a.example:3478",
    "stun:b.example",
  ]);
  assert.is(name, "x".repeat(64));
  assert.equal(parse({ stun: "none" }).ice.iceServers, []);
  assert.is(parse({ host: "laptop" }).host, undefined);
  assert.is(parse({ deviceName: "  " }).name, "Firefox on Linux");
});

test("further ICE servers stand beside the STUN servers", () => {
  const turn = { urls: ["turn:a.example"], username: "u", credential: "p" };
  const { ice } = parse({ stun: "none", iceServers: JSON.stringify([turn, { urls: "stun:b" }]) });
  assert.equal(ice.iceServers, [turn, { urls: ["stun:b"] }]);
  for (
    const [wrong, why] of [
      ['[{"urls":"turn:a","credential":"s3cret"', /it is no JSON/],
      ['[{"urls":"turn:a","username":"u"}]', /ice-servers\[0\]\.credential: expected a string/],
      ['[{"urls":"http://a"}]', /got "http:\/\/a"/],
      ["{}", /expected a list of 1 to 8/],
      ["turn:a.example", /it is no JSON/],
    ] as const
  ) {
    const error = thrownBy(() => parse({ iceServers: wrong }));
    assert.is(error.code, "bad-config");
    assert.match(error.message, why);
    assert.not.match(error.message, "s3cret");
  }
});

test("the host's key in the page pins the host, and each host of a relay has its record", async () => {
  const pinned = parse({ hostKey: toBase64url(KEY), host: "pi" }).identities;
  assert.equal((await pinned.current()).hostKey, KEY);
  assert.equal([...store.records.keys()], ["wss://relay.example/prod#pi"]);
});

const bad: [attribute: keyof Attributes, values: (string | null)[]][] = [
  ["relay", [null, "", "relay.example", "https://relay.example/prod"]],
  ["host", ["", "-pi", "Pi", "x".repeat(33)]],
  ["registry", [
    "",
    "bucket",
    "ftp://bucket.example",
    "https://bucket.example?x",
    "https://b.example#x",
  ]],
  ["hostKey", ["", "AAAA", "*", toBase64url(new Uint8Array(65))]],
  ["stun", ["turn:a.example", "stun:a.example:0"]],
];
for (const [attribute, values] of bad) {
  for (const value of values) {
    test(`${attribute}=${JSON.stringify(value)} is refused`, () => {
      const error = thrownBy(() => parse({ [attribute]: value })) as LighthouseError;
      assert.is(error.code, "bad-config");
      const words = { hostKey: "host-key attribute", stun: "STUN server" } as Record<
        string,
        string
      >;
      assert.match(error.message, words[attribute] ?? `${attribute} attribute`);
    });
  }
}

const PAGE = { href: "https://a.example/app/", origin: "https://a.example" };

test("a key's site is a page of another origin", () => {
  assert.is(parseKeySite("https://keys.example/k/", PAGE).href, "https://keys.example/k/");
  assert.is(parseKeySite("http://a.example", PAGE).href, "http://a.example/");
});

for (
  const text of ["", "keys", "/keys/", "https://a.example/keys/", "data:text/html,a", "https://"]
) {
  test(`${text || "no text"} is no key's site`, () => {
    assert.is(thrownBy(() => parseKeySite(text, PAGE)).code, "bad-config");
  });
}

test.run();
