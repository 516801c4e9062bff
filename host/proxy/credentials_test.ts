import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { HeaderField } from "../../wire/mod.ts";
import type { Principal } from "../access/principal.ts";
import { Credentials } from "./credentials.ts";

const test = suite("credentials");

const phone = device("phone");

function device(id: string): Principal {
  return { id, name: id, origin: "https://me.example" };
}

function stranger(id: string): Principal {
  return { id, origin: "https://me.example" };
}

/** Sends credentials to be remembered. */
function give(credentials: Credentials, who: Principal, value: string, status = 200): void {
  const headers: HeaderField[] = [
    ["Authorization", value],
    ["Lighthouse-Remember", "authorization"],
  ];
  credentials.login(headers, who)?.answered(status);
}

/** What the host adds to a request without credentials. */
function added(credentials: Credentials, who: Principal = phone): string | undefined {
  return credentials.login([["Accept", "*/*"]], who)?.authorization;
}

test("nothing is added where nothing is known", () => {
  assert.is(new Credentials().login([], phone), undefined);
});

test("the configured value goes to requests without Authorization, and a 401 changes nothing", () => {
  const credentials = new Credentials("Basic YTpi");
  const login = credentials.login([], phone);
  assert.is(login?.authorization, "Basic YTpi");
  login?.answered(401);
  assert.is(added(credentials), "Basic YTpi");
  assert.is(added(credentials, stranger("x")), "Basic YTpi");
});

for (const value of ["Bearer own", ""]) {
  test(`a request's own Authorization, ${JSON.stringify(value)}, stays`, () => {
    const credentials = new Credentials("Basic YTpi");
    assert.is(credentials.login([["authorization", value]], phone), undefined);
    give(credentials, phone, "Basic kept");
    assert.is(credentials.login([["AUTHORIZATION", value]], phone), undefined);
  });
}

for (const status of [200, 204, 302, 403, 404, 500]) {
  test(`what a device asks to remember is kept if the answer is ${status}`, () => {
    const credentials = new Credentials("Basic configured");
    give(credentials, phone, "Basic kept", status);
    assert.is(added(credentials), "Basic kept");
    assert.is(added(credentials, device("tablet")), "Basic configured");
    assert.is(added(credentials, stranger("phone")), "Basic configured");
  });
}

test("a request that does not ask for it is not remembered", () => {
  const credentials = new Credentials();
  credentials.login([["Authorization", "Basic x"]], phone)?.answered(200);
  const other: HeaderField[] = [["Authorization", "Basic x"], ["lighthouse-remember", "cookies"]];
  credentials.login(other, phone)?.answered(200);
  credentials.login([["lighthouse-remember", "authorization"]], phone)?.answered(200);
  assert.is(added(credentials), undefined);
});

test("what the backend answers with 401 is not remembered, and what was kept stays", () => {
  const credentials = new Credentials();
  give(credentials, phone, "Basic wrong", 401);
  assert.is(added(credentials), undefined);
  give(credentials, phone, "Basic right");
  give(credentials, phone, "Basic wrong", 401);
  assert.is(added(credentials), "Basic right");
});

test("kept credentials that get a 401 are forgotten, unless others took their place", () => {
  const credentials = new Credentials();
  give(credentials, phone, "Basic old");
  const slow = credentials.login([], phone);
  give(credentials, phone, "Basic new");
  slow?.answered(401);
  assert.is(added(credentials), "Basic new");
  credentials.login([], phone)?.answered(401);
  assert.is(added(credentials), undefined);
});

test("forget() forgets one device", () => {
  const credentials = new Credentials();
  give(credentials, phone, "Basic a");
  give(credentials, device("tablet"), "Basic b");
  credentials.forget("phone");
  assert.is(added(credentials), undefined);
  assert.is(added(credentials, device("tablet")), "Basic b");
});

test("64 devices are remembered, those in use longest; strangers push none out", () => {
  const credentials = new Credentials();
  for (let i = 0; i < 64; i++) give(credentials, device(`d${i}`), `Basic ${i}`);
  for (let i = 0; i < 100; i++) give(credentials, stranger(`s${i}`), `Basic ${i}`);
  assert.is(added(credentials, device("d0")), "Basic 0");
  give(credentials, phone, "Basic new");
  assert.is(added(credentials, device("d1")), undefined);
  assert.is(added(credentials, device("d0")), "Basic 0");
  assert.is(added(credentials, stranger("s35")), undefined);
  assert.is(added(credentials, stranger("s36")), "Basic 36");
});

test("a value above 4 KiB is not remembered", () => {
  const credentials = new Credentials();
  give(credentials, phone, "x".repeat(4097));
  assert.is(added(credentials), undefined);
  give(credentials, phone, "x".repeat(4096));
  assert.is(added(credentials)?.length, 4096);
});

test.run();
