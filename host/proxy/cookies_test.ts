import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import type { Principal } from "../access/principal.ts";
import { CookieJars, MAX_COOKIES, MAX_DEVICES } from "./cookies.ts";

const test = suite("cookies");

const URL_ = new URL("http://backend.example:5000/api/notes?a");

/** A paired device. */
function device(name: string): Principal {
  return { id: name, origin: "https://me.example", name };
}

/** What goes back to a URL after these have been set by another. */
function sent(setCookies: string[], back: string | URL = URL_, from: string | URL = URL_) {
  const jars = new CookieJars();
  jars.store(device("phone"), setCookies, new URL(from));
  return jars.header(device("phone"), new URL(back));
}

const kept: [what: string, setCookie: string, back?: string][] = [
  ["of a session", "a=1"],
  ["without a name", "1"],
  ["with a path of its own", "a=1; Path=/api/notes"],
  ["with the root as its path", "a=1; Path=/"],
  ["for a later path", "a=1", "http://backend.example:5000/api/notes/1"],
  ["for the path without its last segment", "a=1", "http://backend.example:5000/api/other"],
  ["of another port", "a=1; Path=/", "http://backend.example:5001/"],
  ["Secure, over plain http to the backend", "a=1; Secure"],
  ["HttpOnly", "a=1; HttpOnly"],
  ["SameSite=Strict", "a=1; SameSite=Strict"],
  ["__Host-", "__Host-a=1; Path=/; Secure"],
  ["for a WebSocket", "a=1; Secure", "ws://backend.example:5000/api/notes"],
  ["whose Domain is the backend's", "a=1; Domain=backend.example"],
  ["whose Domain is the backend's, with a dot", "a=1; Domain=.Backend.example"],
  ["that expires later", "a=1; Expires=Wed, 01 Jan 2120 00:00:00 GMT"],
  ["with a Max-Age", "a=1; Max-Age=60"],
  ["with a Max-Age beyond what a date can say", `a=1; Max-Age=${"9".repeat(20)}`],
  ["with a Max-Age beyond what a number can say", `a=1; Max-Age=${"9".repeat(400)}`],
  [
    "of which Max-Age says more than Expires",
    "a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
  ],
];
for (const [what, setCookie, back] of kept) {
  test(`a cookie ${what} is kept`, () => {
    assert.is(sent([setCookie], back), setCookie.replace(/;.*/, ""));
  });
}

const refused: [what: string, setCookie: string, back?: string][] = [
  ["of another path", "a=1; Path=/admin"],
  ["for a path beside its own", "a=1; Path=/api/no"],
  ["for the path above", "a=1", "http://backend.example:5000/"],
  ["for another host", "a=1; Path=/", "http://other.example:5000/"],
  ["whose Domain is another's", "a=1; Domain=other.example"],
  ["whose Domain is a subdomain", "a=1; Domain=sub.backend.example"],
  ["whose Domain is a public suffix", "a=1; Domain=example"],
  ["__Host- with a Domain", "__Host-a=1; Path=/; Secure; Domain=backend.example"],
  ["__Secure- that is not Secure", "__Secure-a=1"],
  ["that has expired", "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
  ["whose Max-Age is over", "a=1; Max-Age=0"],
  ["whose Max-Age is less", "a=1; Max-Age=-9"],
  ["whose Max-Age is less than a number can say", `a=1; Max-Age=-${"9".repeat(400)}`],
  ["whose Max-Age is less than a date can say", `a=1; Max-Age=-${"9".repeat(20)}`],
  ["that is empty", ""],
  ["of more than 4096 bytes", `a=${"1".repeat(4095)}`],
];
for (const [what, setCookie, back] of refused) {
  test(`a cookie ${what} is not sent`, () => {
    assert.is(sent([setCookie], back), undefined);
  });
}

test("a host that is a public suffix may name itself", () => {
  assert.is(sent(["a=1; Domain=nas"], "http://nas/api", "http://nas/api"), "a=1");
  assert.is(sent(["a=1"], "http://127.0.0.1:1/", "http://127.0.0.1:1/"), "a=1");
  assert.is(sent(["a=1; Secure"], "http://[::1]:1/", "http://[::1]:1/"), "a=1");
});

test("the longest path goes first, then what is oldest", () => {
  const all = sent(["a=1; Path=/", "b=2; Path=/api", "c=3; Path=/", "a=4; Path=/"]);
  assert.is(all, "b=2; a=4; c=3");
});

test("a cookie is replaced, and taken away, by its name, path and domain", () => {
  const jars = new CookieJars();
  jars.store(device("phone"), ["a=1", "b=1"], URL_);
  jars.store(device("phone"), ["a=2", "b=; Max-Age=0"], URL_);
  assert.is(jars.header(device("phone"), URL_), "a=2");
});

test("a link of another site's gets no SameSite=Strict cookies", () => {
  const jars = new CookieJars();
  jars.store(device("phone"), ["a=1; SameSite=Strict", "b=2; SameSite=Lax", "c=3"], URL_);
  assert.is(jars.header(device("phone"), URL_), "a=1; b=2; c=3");
  assert.is(jars.header(device("phone"), URL_, true), "b=2; c=3");
});

test("a cookie is gone when its time is over", async () => {
  const jars = new CookieJars();
  jars.store(device("phone"), ["a=1; Max-Age=1", "b=2"], URL_);
  assert.is(jars.header(device("phone"), URL_), "a=1; b=2");
  await until(() => jars.header(device("phone"), URL_) === "b=2");
});

test("devices have jars of their own, and one that sets nothing needs none", () => {
  const jars = new CookieJars();
  jars.store(device("phone"), ["a=1"], URL_);
  jars.store(device("tablet"), ["a=2"], URL_);
  jars.store(device("laptop"), [], URL_);
  assert.is(jars.header(device("phone"), URL_), "a=1");
  assert.is(jars.header(device("tablet"), URL_), "a=2");
  assert.is(jars.header(device("laptop"), URL_), undefined);
  assert.equal([jars.has(device("phone")), jars.has(device("laptop"))], [true, false]);
  assert.is(jars.devices, 2);
});

test("strangers have jars of their own, which take no device's place", () => {
  const jars = new CookieJars();
  const strangers = Array.from(
    { length: MAX_DEVICES + 1 },
    (_, index) => ({ id: `${index}`, origin: "https://me.example" }),
  );
  jars.store(device("1"), ["a=device"], URL_);
  for (const stranger of strangers) jars.store(stranger, [`a=${stranger.id}`], URL_);
  jars.store(strangers[1]!, ["b=1"], URL_);
  assert.is(jars.header(strangers[0]!, URL_), undefined);
  assert.is(jars.header(strangers[1]!, URL_), "a=1; b=1");
  assert.is(jars.header(device("1"), URL_), "a=device");
  assert.is(jars.devices, 1);
});

test(`the ${MAX_DEVICES} devices that were used last have jars`, () => {
  const jars = new CookieJars();
  for (let i = 0; i < MAX_DEVICES; i++) jars.store(device(`device ${i}`), [`a=${i}`], URL_);
  jars.header(device("device 0"), URL_);
  jars.store(device("device 1"), ["b=1"], URL_);
  jars.store(device("newest"), ["a=1"], URL_);
  assert.is(jars.devices, MAX_DEVICES);
  assert.is(jars.header(device("device 0"), URL_), "a=0");
  assert.is(jars.header(device("device 1"), URL_), "a=1; b=1");
  assert.is(jars.header(device("device 2"), URL_), undefined);
  assert.is(jars.header(device("newest"), URL_), "a=1");
});

test(`a jar holds ${MAX_COOKIES} cookies: those unused for longest go`, async () => {
  const jars = new CookieJars();
  const names = Array.from({ length: MAX_COOKIES }, (_, i) => `a${i}`);
  jars.store(device("phone"), names.map((name) => `${name}=1; Path=/api/${name}`), URL_);
  await sleep(5);
  const has = (name: string) => !!jars.header(device("phone"), new URL(`/api/${name}`, URL_));
  assert.ok(has("a0"));
  await sleep(5);
  jars.store(device("phone"), ["b=1; Path=/api/b", "c=1; Path=/api/c"], URL_);
  assert.equal([...names, "b", "c"].filter((name) => !has(name)), ["a1", "a2"]);
});

test("what has expired goes before what is in use", async () => {
  const jars = new CookieJars();
  const names = Array.from({ length: MAX_COOKIES - 1 }, (_, i) => `a${i}`);
  jars.store(device("phone"), names.map((name) => `${name}=1; Path=/api/${name}`), URL_);
  jars.store(device("phone"), ["short=1; Max-Age=1; Path=/short"], URL_);
  await sleep(1_100);
  jars.store(device("phone"), ["b=1; Path=/api/b"], URL_);
  const has = (name: string) => !!jars.header(device("phone"), new URL(`/api/${name}`, URL_));
  assert.equal([...names, "b"].filter((name) => !has(name)), []);
});

test.run();
