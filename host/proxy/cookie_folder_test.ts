import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import type { Principal } from "../access/principal.ts";
import type { BackendConfig } from "../config/service_config.ts";
import { isDraft } from "../platform/private_file.ts";
import { versionOf } from "../platform/watch.ts";
import { CookieFolder, cookiesFolder } from "./cookie_folder.ts";
import { MAX_COOKIES } from "./cookies.ts";

const test = suite("cookie folder");

const NOTES = configOf("/notes", "http://127.0.0.1:5000/api");
const URL_ = new URL("http://127.0.0.1:5000/api/notes");
const LOGIN = "session=abc; Max-Age=2678400; HttpOnly; Path=/; SameSite=Lax";

function configOf(prefix: string, backend: string, socketPath?: string): BackendConfig {
  return { prefix, backend: new URL(backend), socketPath };
}

/** A paired device. */
function device(id: string): Principal {
  return { id, origin: "https://me.example", name: `my ${id}` };
}

const PHONE = device("phone");
const TABLET = device("tablet");

/** A state folder, and the host's cookies there, which a restart reads again. */
function setUp(ids = ["phone", "tablet"]) {
  const state = temporaryFolder();
  const events: { event: string; text: string }[] = [];
  const options = {
    devices: () => ids.map((id) => ({ id })),
    log: (_level: string, event: string, text: string) => {
      events.push({ event, text });
    },
  };
  const names = () => readdirSync(cookiesFolder(state)).filter((name) => !isDraft(name));
  return {
    folder: cookiesFolder(state),
    /** The devices that may connect. */
    ids,
    events,
    open: () => CookieFolder.open(state, options),
    /** The files' names, without drafts. */
    names,
    /** The only file. */
    path() {
      const [name, ...others] = names();
      assert.ok(name && others.length === 0, `${name} ${others}`);
      return join(cookiesFolder(state), name!);
    },
  };
}

/** The Cookie header that a device's request has after a restart. */
function headerAfter(open: () => CookieFolder, principal = PHONE, config = NOTES) {
  return open().jarsOf(config).header(principal, new URL("notes", `${config.backend}/`));
}

test("persistent cookies survive a restart, session cookies do not", async () => {
  const { open } = setUp();
  {
    await using cookies = open();
    const jars = cookies.jarsOf(NOTES);
    jars.store(PHONE, [LOGIN, "csrf=1", "b=2; Expires=Wed, 01 Jan 2120 00:00:00 GMT"], URL_);
    jars.store(TABLET, ["session=def; Max-Age=60"], URL_);
    assert.is(jars.header(PHONE, URL_), "csrf=1; b=2; session=abc");
  }
  const jars = open().jarsOf(NOTES);
  assert.is(jars.header(PHONE, URL_), "b=2; session=abc");
  assert.is(jars.header(TABLET, URL_), "session=def");
});

test("what a cookie says of itself survives with it", async () => {
  const { open } = setUp();
  const set = [
    "secure=1; Secure; Max-Age=60",
    "strict=1; SameSite=Strict; Max-Age=60",
    "root=1; Path=/; Max-Age=60",
    "other=1; Path=/other; Max-Age=60",
    'quoted="a b, c\\é"; Max-Age=60',
    "empty=; Max-Age=60",
    "nameless; Max-Age=60",
  ];
  const headers = (cookies: CookieFolder) =>
    [URL_, new URL("http://127.0.0.1:5000/other"), new URL("http://127.0.0.1:5000/")].flatMap((
      url,
    ) => [true, false].map((isCrossSite) => cookies.jarsOf(NOTES).header(PHONE, url, isCrossSite)));
  let before: unknown;
  {
    await using cookies = open();
    cookies.jarsOf(NOTES).store(PHONE, set, URL_);
    before = headers(cookies);
  }
  assert.equal(headers(open()), before);
});

test("files and folder are their owner's only", async () => {
  const { open, folder, path } = setUp();
  {
    await using cookies = open();
    cookies.jarsOf(NOTES).store(PHONE, [LOGIN], URL_);
  }
  assert.is(statSync(path()).mode & 0o777, 0o600);
  assert.is(statSync(folder).mode & 0o777, 0o700);
});

test("a host that is killed has written its cookies within a second or so", async () => {
  const { open, names, path } = setUp();
  const jars = open().jarsOf(NOTES);
  jars.store(PHONE, [LOGIN], URL_);
  await until(() => names().length === 1);
  assert.is(headerAfter(open), "session=abc");
  // A logout, too.
  assert.ok(path());
  jars.store(PHONE, ["session=; Max-Age=0; Path=/"], URL_);
  await until(() => names().length === 0);
  assert.is(headerAfter(open), undefined);
});

test("a stranger's cookies are never written", async () => {
  const { open, names } = setUp();
  {
    await using cookies = open();
    const { name: _, ...stranger } = PHONE;
    cookies.jarsOf(NOTES).store(stranger, [LOGIN], URL_);
    assert.is(cookies.jarsOf(NOTES).header(stranger, URL_), "session=abc");
  }
  assert.equal(names(), []);
});

test("a backend that renews a cookie with each answer makes the host write it once", async () => {
  const { open, names, path } = setUp();
  const jars = open().jarsOf(NOTES);
  jars.store(PHONE, ["session=abc; Max-Age=2678400"], URL_);
  await until(() => names().length === 1);
  const file = path();
  const version = versionOf(file);
  for (let i = 0; i < 100; i++) jars.store(PHONE, [`session=abc; Max-Age=${2678400 + i}`], URL_);
  // What is written afterwards is written later.
  jars.store(TABLET, ["session=def; Max-Age=60"], URL_);
  await until(() => names().length === 2);
  assert.is(versionOf(file), version);
});

test("a backend that sets another value with each answer does not cost a write each", async () => {
  const { open, names, path } = setUp();
  const jars = open().jarsOf(NOTES);
  jars.store(PHONE, ["session=abc; Max-Age=60"], URL_);
  await until(() => names().length === 1);
  const file = path();
  const written = new Set<string>();
  for (let i = 0; i < 200; i++) {
    jars.store(PHONE, [`session=${i}; Max-Age=60`], URL_);
    written.add(versionOf(file));
    await setImmediate();
  }
  await until(() => readFileSync(file, "utf8").includes("199"));
  assert.ok(written.size <= 5, `${written.size} files`);
});

test("the end writes a renewed life, which waits else", async () => {
  const { open, path } = setUp();
  {
    await using cookies = open();
    cookies.jarsOf(NOTES).store(PHONE, ["session=abc; Max-Age=100000"], URL_);
  }
  const before = readFileSync(path(), "utf8");
  {
    await using cookies = open();
    cookies.jarsOf(NOTES).store(PHONE, ["session=abc; Max-Age=100001"], URL_);
  }
  assert.is.not(readFileSync(path(), "utf8"), before);
  const unchanged = versionOf(path());
  {
    await using cookies = open();
    cookies.jarsOf(NOTES);
  }
  assert.is(versionOf(path()), unchanged);
});

const others: [what: string, config: BackendConfig][] = [
  ["another port", configOf("/notes", "http://127.0.0.1:5001/api")],
  ["another path", configOf("/notes", "http://127.0.0.1:5000/other")],
  ["another prefix", configOf("/admin", "http://127.0.0.1:5000/api")],
  ["a Unix socket", configOf("/notes", "http://127.0.0.1:5000/api", "/run/notes.sock")],
];
for (const [what, config] of others) {
  test(`a service with ${what} does not get another's cookies`, async () => {
    const { open } = setUp();
    {
      await using cookies = open();
      cookies.jarsOf(NOTES).store(PHONE, [LOGIN], URL_);
      assert.is(cookies.jarsOf(config).header(PHONE, URL_), undefined);
    }
    assert.is(open().jarsOf(config).header(PHONE, URL_), undefined);
    assert.is(headerAfter(open), "session=abc");
  });
}

test("jarsOf() gives the same jars for the same service, whatever its options", async () => {
  await using cookies = setUp().open();
  const jars = cookies.jarsOf(NOTES);
  jars.store(PHONE, ["a=1"], URL_);
  assert.is(cookies.jarsOf({ ...NOTES, as: "proxy", authorization: "Basic x" }), jars);
});

test("forget() deletes a device's cookies, also of other services and in memory", async () => {
  const { open, ids, names } = setUp();
  const admin = configOf("/admin", "http://127.0.0.1:6000/");
  {
    await using cookies = open();
    cookies.jarsOf(admin).store(PHONE, [LOGIN], new URL("http://127.0.0.1:6000/"));
  }
  await using cookies = open();
  const jars = cookies.jarsOf(NOTES);
  jars.store(PHONE, [LOGIN, "csrf=1"], URL_);
  jars.store(TABLET, [LOGIN], URL_);
  await until(() => names().length === 3);
  jars.store(PHONE, ["late=1; Max-Age=60"], URL_);
  ids.shift();
  await cookies.forget("phone");
  assert.equal(names().map((name) => name.replace(/\..*/, "")), ["tablet"]);
  assert.is(jars.header(PHONE, URL_), undefined);
  assert.is(jars.header(TABLET, URL_), "session=abc");
  // An answer that was under way.
  jars.store(PHONE, [LOGIN], URL_);
  await cookies[Symbol.asyncDispose]();
  assert.is(names().length, 1);
});

test("forget() waits for a write that is under way", async () => {
  const { open, names } = setUp();
  await using cookies = open();
  cookies.jarsOf(NOTES).store(PHONE, [LOGIN], URL_);
  const disposed = cookies[Symbol.asyncDispose]();
  await cookies.forget("phone");
  await disposed;
  assert.equal(names(), []);
});

test("open() deletes the cookies of devices that are gone, and those that nobody can use any more", async () => {
  const { open, ids, path, names } = setUp();
  {
    await using cookies = open();
    cookies.jarsOf(NOTES).store(PHONE, [LOGIN], URL_);
  }
  const file = path();
  for (const name of ["phone.0123456789abcdef.json", "phone.0123456789abcdef.broken"]) {
    const old = join(file, "..", name);
    writeFileSync(old, readFileSync(file), { mode: 0o600 });
    utimesSync(old, 1, 1);
    open();
    assert.is(names().length, 1);
  }
  ids.shift();
  open();
  assert.equal(names(), []);
});

test("open() keeps the newest 1,024 files", () => {
  const { open, folder, names } = setUp();
  open();
  for (let i = 0; i < 1_030; i++) {
    const path = join(folder, `phone.${i.toString(16).padStart(16, "0")}.json`);
    writeFileSync(path, "{}", { mode: 0o600 });
    const time = Date.now() / 1000 - i;
    utimesSync(path, time, time);
  }
  open();
  assert.is(names().length, 1_024);
  assert.ok(names().includes("phone.0000000000000000.json"));
});

/** Writes a jar of one cookie, lets the test change it, and restarts. */
async function changed(
  change: (file: { cookies: Record<string, unknown>[] }, path: string) => void,
) {
  const set = setUp();
  {
    await using cookies = set.open();
    cookies.jarsOf(NOTES).store(PHONE, [LOGIN], URL_);
  }
  const path = set.path();
  const file = JSON.parse(readFileSync(path, "utf8"));
  change(file, path);
  return { ...set, path, file };
}

function save(path: string, file: unknown): void {
  writeFileSync(path, JSON.stringify(file));
}

test("limits hold for what is read: expired and too large cookies go, and those above 50", async () => {
  const { open } = await changed((file, path) => {
    const [cookie] = file.cookies;
    file.cookies = Array.from({ length: MAX_COOKIES + 10 }, (_, i) => ({
      ...cookie,
      key: `a${i}`,
      lastAccessed: new Date(1_000 * i).toISOString(),
    }));
    file.cookies.push({ ...cookie, key: "large", value: "1".repeat(4_096) });
    file.cookies.push({ ...cookie, key: "old", expires: new Date(0).toISOString() });
    save(path, file);
  });
  const names = headerAfter(open)!.split("; ").map((text) => text.replace(/=.*/, ""));
  assert.equal(names, Array.from({ length: MAX_COOKIES }, (_, i) => `a${i + 10}`));
});

const broken: [what: string, change: Parameters<typeof changed>[0]][] = [
  ["is empty", (_, path) => writeFileSync(path, "")],
  ["is cut off", (file, path) => writeFileSync(path, JSON.stringify(file).slice(0, -9))],
  ["is binary", (_, path) => writeFileSync(path, Uint8Array.of(0, 255, 254))],
  ["is null", (_, path) => save(path, null)],
  ["is a list", (file, path) => save(path, file.cookies)],
  ["has no list", (file, path) => save(path, { ...file, cookies: {} })],
  ["is another service's", (file, path) => save(path, { ...file, service: "/ http://h/" })],
  ["has a text for a cookie", (file, path) => save(path, { ...file, cookies: ["a=1"] })],
  ["has a cookie without a domain", (file, path) => {
    delete file.cookies[0]!.domain;
    save(path, file);
  }],
  ["has a cookie without a path", (file, path) => {
    file.cookies[0]!.path = 5;
    save(path, file);
  }],
  ["has a cookie that never expires", (file, path) => {
    file.cookies[0]!.expires = "Infinity";
    save(path, file);
  }],
  ["has a cookie that expires on no day", (file, path) => {
    file.cookies[0]!.expires = "someday";
    save(path, file);
  }],
  ["has a cookie of no time", (file, path) => {
    file.cookies[0]!.creation = "someday";
    save(path, file);
  }],
  ["is too large", (file, path) => save(path, { ...file, more: "x".repeat(600 * 1024) })],
  ["is a folder", (_, path) => {
    rmSync(path);
    mkdirSync(join(path, "more"), { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
  }],
  ["is a link", (_, path) => {
    const elsewhere = join(temporaryFolder(), "file");
    writeFileSync(elsewhere, readFileSync(path), { mode: 0o600 });
    rmSync(path);
    symlinkSync(elsewhere, path);
  }],
];
for (const [what, change] of broken) {
  test(`a file that ${what} is set aside, and the device begins anew`, async () => {
    const { open, events, path, names } = await changed(change);
    {
      await using cookies = open();
      const jars = cookies.jarsOf(NOTES);
      assert.is(jars.header(PHONE, URL_), undefined);
      assert.equal(events.map(({ event }) => event), ["cookies-broken"]);
      assert.match(events[0]!.text, path);
      assert.not.match(events[0]!.text, "abc");
      assert.ok(names().some((name) => name.endsWith(".broken")));
      jars.store(PHONE, ["again=1; Max-Age=60"], URL_);
    }
    assert.is(headerAfter(open), "again=1");
    assert.is(events.length, 1);
  });
}

test("open() refuses a file that others can read, and a folder that others can write to", async () => {
  const { open, path, folder } = await changed(() => {});
  const refusal = () => {
    try {
      open();
    } catch (error) {
      return error as Error & { code: string };
    }
    assert.unreachable("did not throw");
  };
  chmodSync(path, 0o640);
  assert.is(refusal()!.code, "bad-config");
  assert.match(refusal()!.message, `chmod 600 ${path}`);
  chmodSync(path, 0o600);
  chmodSync(folder, 0o770);
  assert.is(refusal()!.code, "bad-config");
  chmodSync(folder, 0o700);
  assert.is(headerAfter(open), "session=abc");
});

test("a disk that cannot be written is logged once, and the end tries again", async () => {
  const { open, folder, path, events } = await changed(() => {});
  {
    await using cookies = open();
    const jars = cookies.jarsOf(NOTES);
    rmSync(folder, { recursive: true });
    // In the folder's place, so that root cannot write there either.
    writeFileSync(folder, "");
    jars.store(PHONE, ["a=1; Max-Age=60"], URL_);
    await until(() => events.length === 1);
    jars.store(PHONE, ["b=1; Max-Age=60"], URL_);
    await cookies[Symbol.asyncDispose]();
    assert.equal(events.map(({ event }) => event), ["cookies-not-saved"]);
    rmSync(folder);
    mkdirSync(folder, { mode: 0o700 });
  }
  assert.ok(statSync(path));
  assert.is(headerAfter(open), "a=1; b=1; session=abc");
});

test.run();
