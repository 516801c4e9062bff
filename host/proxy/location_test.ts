import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type HeaderField, LighthouseError, ROOT } from "../../wire/mod.ts";
import { isUnder } from "../access/principal.ts";
import { Backend } from "./backend.ts";

const test = suite("location");

const PHONE = { id: "phone", origin: "https://me.example", name: "phone" };

interface Asked {
  /** The service, as in the settings: `/notes=http://h:1/api`. */
  service: string;
  as?: "local" | "proxy";
  /** The path that the page asks for. @default the service's prefix */
  target?: string;
  /** The worker's prefix. */
  worker?: string;
  /** The service whose root is the site's, as the worker says. */
  root?: string;
  /** Prefixes of other services. */
  others?: string[];
  status?: number;
  name?: string;
  isStranger?: boolean;
}

/** What the page gets for a header of the backend's answer; the error's code if the host answers. */
function led(value: string, asked: Asked): string | undefined {
  const { service, as, worker, root, others = [], status = 302, name = "Location" } = asked;
  const [prefix = "", url = ""] = service.split("=");
  const prefixes = [prefix, ...others].sort((a, b) => b.length - a.length);
  const find = (target: string) =>
    prefixes.filter((each) => isUnder(each, target)).map((prefix) => ({ prefix }))[0];
  const headers: HeaderField[] = worker === undefined ? [] : [["x-forwarded-prefix", worker]];
  if (root !== undefined) headers.push([ROOT, root]);
  const backend = new Backend({ prefix, backend: new URL(url), as });
  const principal = asked.isStranger ? { id: "x", origin: PHONE.origin } : PHONE;
  const { target = prefix } = asked;
  const { back } = backend.upstreamRequest({ target, headers }, principal, find);
  try {
    const [field, ...rest] = back([[name, value], ["X-Kept", "1"]], status);
    assert.equal(rest, field?.[0] === name ? [["X-Kept", "1"]] : []);
    return field?.[0] === name ? field[1] : undefined;
  } catch (error) {
    assert.instance(error, LighthouseError);
    return (error as LighthouseError).code;
  }
}

const OUT = "bad-redirect";

const own: [service: string, location: string, page: string][] = [
  // Whole URLs, and paths from the root.
  ["/=http://h:1", "http://h:1/a?b#c", "/a?b#c"],
  ["/=http://h:1", "http://h:1", "/"],
  ["/=http://h:1", "//h:1/a", "/a"],
  ["/=http://h:1", "/a", "/a"],
  ["/=http://h:1/api", "/api/a", "/a"],
  ["/=http://h:1/api", "/api", "/"],
  ["/=http://h:1/api", "/api?a", "/?a"],
  ["/notes=http://h:1", "http://h:1/a", "/notes/a"],
  ["/notes=http://h:1", "HTTP://H:1/a", "/notes/a"],
  ["/notes=http://h:1", "http://me:secret@h:1/a", "/notes/a"],
  ["/notes=http://h:1", "http://h:1/", "/notes/"],
  ["/notes=http://h:1", "/", "/notes/"],
  ["/notes=http://h:1", "/a/", "/notes/a/"],
  ["/notes=http://h:1", "/notes-2", "/notes/notes-2"],
  ["/notes=http://h:1", "/notes/a", "/notes/notes/a"],
  ["/notes=http://h:1/api", "/api", "/notes"],
  ["/notes=http://h:1/api", "/api/", "/notes/"],
  ["/notes=http://h:1/api", "/api?a=/../b#/../c", "/notes?a=/../b#/../c"],
  ["/notes=http://h:1/api", "http://h:1/api/a", "/notes/a"],
  ["/notes=http://h:80/api", "http://h/api/a", "/notes/a"],
  // http and https.
  ["/notes=http://h:1", "https://h:1/a", "/notes/a"],
  ["/notes=https://h:1", "http://h:1/a", "/notes/a"],
  ["/notes=http://h", "https://h/a", "/notes/a"],
  ["/notes=https://h", "http://h:443/a", "/notes/a"],
  // Slashes and signs in any spelling.
  ["/=http://h:1", "http://h:1//evil.example/", "/.//evil.example/"],
  ["/=http://h:1", "/.//evil.example/", "/.//evil.example/"],
  ["/=http://h:1/api", "/api//evil.example/", "/.//evil.example/"],
  ["/notes=http://h:1", "http://h:1//x", "/notes//x"],
  ["/notes=http://h:1/api", "/api//x//", "/notes//x//"],
  ["/notes=http://h:1", "/a%2Fb%20c%7e", "/notes/a%2Fb%20c%7e"],
  ["/notes=http://h:1", "/a b\tc", "/notes/a%20bc"],
  ["/notes=http://h:1", " \t/a ", "/notes/a"],
  ["/notes=http://h:1", "\\a\\b", "/notes/a/b"],
  ["/notes=http://h:1", "/..a/b../...", "/notes/..a/b../..."],
  ["/notes=http://h:1", "/%252e%252e/a", "/notes/%252e%252e/a"],
  // Raw bytes.
  [
    "/notes=http://h:1",
    "/caf\xc3\xa9?q=\xc3\xa0#\xe2\x82\xac",
    "/notes/caf%c3%a9?q=%c3%a0#%e2%82%ac",
  ],
  ["/notes=http://h:1", "/voil\xc3\xa0", "/notes/voil%c3%a0"],
  ["/notes=http://h:1", "/caf\xe9", "/notes/caf%e9"],
];
for (const [service, location, page] of own) {
  test(`${service} leads Location: ${JSON.stringify(location)} to ${page}`, () => {
    for (const as of ["local", "proxy"] as const) {
      // A proxied app that names its prefix itself is tried below.
      if (as === "proxy" && location === "/notes/a") continue;
      for (const status of [301, 302, 303, 307, 308, 201, 200]) {
        assert.is(led(location, { service, as, status }), page);
      }
      assert.is(led(location, { service, as, name: "Content-Location" }), page);
      assert.is(led(location, { service, as, name: "LOCATION" }), page);
    }
  });
}

const relative: [service: string, target: string, location: string, page: string][] = [
  ["/notes=http://h:1/api", "/notes/a/b?c", "x", "/notes/a/x"],
  ["/notes=http://h:1/api", "/notes/a/b?c", "./x/", "/notes/a/x/"],
  ["/notes=http://h:1/api", "/notes/a/b?c", "../x", "/notes/x"],
  ["/notes=http://h:1/api", "/notes/a/b?c", "?d", "/notes/a/b?d"],
  ["/notes=http://h:1/api", "/notes/a/b?c", "#d", "/notes/a/b?c#d"],
  ["/notes=http://h:1/api", "/notes/a/b?c", "", "/notes/a/b?c"],
  ["/notes=http://h:1/api", "/notes/a/", "..", "/notes/"],
  ["/notes=http://h:1/api", "/notes/a/", "x:y/z", "x:y/z"],
  ["/notes=http://h:1/api", "/notes/a/", "http:x", "/notes/a/x"],
  ["/notes=http://h:1/api", "/notes", "?a", "/notes?a"],
  ["/notes=http://h:1", "/notes", "x", "/notes/x"],
  ["/=http://h:1", "/a", "x", "/x"],
  ["/=http://h:1", "//a/b", "x", "/.//a/x"],
  ["/=http://h:1", "/a", "../../x", "/x"],
];
for (const [service, target, location, page] of relative) {
  test(`${service} leads from ${target} by Location: ${JSON.stringify(location)} to ${page}`, () => {
    assert.is(led(location, { service, target }), page);
  });
}

const loopback: [backend: string, location: string, page: string][] = [
  ["http://127.0.0.1:5000", "http://localhost:5000/a", "/notes/a"],
  ["http://127.0.0.1:5000", "https://localhost:5000/a", "/notes/a"],
  ["http://127.0.0.1:5000", "//localhost:5000/a", "/notes/a"],
  ["http://127.0.0.1:5000", "http://127.0.0.2:5000/a", "/notes/a"],
  ["http://127.0.0.1:5000", "http://127.1:5000/a", "/notes/a"],
  ["http://127.0.0.1:5000", "http://[::1]:5000/a", "/notes/a"],
  ["http://127.0.0.1:5000", "http://[0:0:0:0:0:0:0:1]:5000/a", "/notes/a"],
  ["http://127.0.0.1:5000", "http://[::ffff:127.0.0.1]:5000/a", "/notes/a"],
  ["http://127.0.0.1:5000", "http://0.0.0.0:5000/a", "/notes/a"],
  ["http://127.0.0.1:5000", "http://[::]:5000/a", "/notes/a"],
  ["http://127.0.0.1:5000", "http://LocalHost:5000/a", "/notes/a"],
  ["http://127.0.0.1:5000", "http://app.localhost:5000/a", "/notes/a"],
  ["http://localhost:5000", "http://127.0.0.1:5000/a", "/notes/a"],
  ["http://[::1]:5000", "http://localhost:5000/a", "/notes/a"],
  ["https://localhost:5000", "http://127.0.0.1:5000/a", "/notes/a"],
  ["http://localhost", "http://127.0.0.1/a", "/notes/a"],
  ["http://localhost", "http://127.0.0.1:80/a", "/notes/a"],
  ["http://localhost", "https://127.0.0.1/a", "/notes/a"],
  ["https://localhost", "http://localhost/a", "/notes/a"],
  // Another server.
  ["http://127.0.0.1:5000", "http://localhost:5001/a", "http://localhost:5001/a"],
  ["http://127.0.0.1:5000", "http://localhost/a", "http://localhost/a"],
  ["http://127.0.0.1:5000", "http://localhost.example:5000/a", "http://localhost.example:5000/a"],
  ["http://127.0.0.1:5000", "http://127.0.0.1.example:5000/", "http://127.0.0.1.example:5000/"],
  ["http://127.0.0.1:5000", "http://mylocalhost:5000/a", "http://mylocalhost:5000/a"],
  ["http://192.0.2.1:5000", "http://127.0.0.1:5000/a", "http://127.0.0.1:5000/a"],
  ["http://127.0.0.1:5000", "http://192.0.2.1:5000/a", "http://192.0.2.1:5000/a"],
];
for (const [backend, location, page] of loopback) {
  test(`a backend at ${backend} leads Location: ${location} to ${page}`, () => {
    assert.is(led(location, { service: `/notes=${backend}` }), page);
  });
}

// A site whose root is the service's: its documents name no prefix.
const atRoot: [as: "local" | "proxy", service: string, location: string, page: string][] = [
  ["proxy", "/notes=http://h:1", "/a", "/notes/a"],
  ["proxy", "/notes=http://h:1", "/notes/a", "/notes/notes/a"],
  ["proxy", "/notes=http://h:1", "https://me.example/a", "/notes/a"],
  ["proxy", "/notes=http://h:1", "https://me.example/notes/a", "/notes/notes/a"],
  ["proxy", "/=http://h:1", "https://me.example/a", "/a"],
  ["local", "/notes=http://h:1", "/notes/a", "/notes/notes/a"],
  ["local", "/notes=http://h:1/api", "/api/a", "/notes/a"],
  ["local", "/notes=http://h:1", "https://me.example/a", "/notes/a"],
  ["local", "/notes=http://h:1", "https://me.example/notes/a", "/notes/notes/a"],
  ["local", "/=http://h:1", "https://me.example/a", "/a"],
];
for (const [as, service, location, page] of atRoot) {
  test(`${as}: ${service} at a site's root leads Location: ${location} to ${page}`, () => {
    const root = service.split("=")[0]!;
    assert.is(led(location, { service, as, worker: "", root }), page);
  });
}

test("a site's root that is another service's changes nothing", () => {
  const asked = { service: "/notes=http://h:1", as: "proxy", worker: "" } as const;
  for (const root of ["/", "/other", "/notes/", "/NOTES", "//evil.example", ""]) {
    assert.is(led("/notes/a", { ...asked, root }), "/notes/a");
  }
});

const elsewhere: [location: string, page?: string][] = [
  ["http://h:2/a"],
  ["https://login.example/a?b#c"],
  ["https://login.example"],
  ["//login.example/a"],
  ["mailto:me@h:1"],
  ["myapp://callback?code=1"],
  ["blob:http://h:1/2"],
  ["ftp://h:1/a"],
  ["https://login.example/caf\xc3\xa9", "https://login.example/caf%c3%a9"],
  // These would be paths on a page of https.
  ["https:login.example/a", "https://login.example/a"],
  ["https:/login.example/a", "https://login.example/a"],
  ["/\\login.example/a", "http://login.example/a"],
  ["\\\\login.example/a", "http://login.example/a"],
  ["///login.example/a", "http://login.example/a"],
  ["ht\ttps:login.example/a", "https://login.example/a"],
];
for (const [location, page = location] of elsewhere) {
  test(`Location: ${JSON.stringify(location)} leads to another site`, () => {
    for (const as of ["local", "proxy"] as const) {
      for (const service of ["/=http://h:1", "/notes=http://h:1/api"]) {
        assert.is(led(location, { service, as, worker: "/local" }), page);
      }
    }
  });
}

const out: [service: string, target: string, location: string][] = [
  ["/notes=http://h:1/api", "/notes/a", "/admin"],
  ["/notes=http://h:1/api", "/notes/a", "/api-2"],
  ["/notes=http://h:1/api", "/notes/a", "/"],
  ["/notes=http://h:1/api", "/notes/a", "http://h:1/admin"],
  ["/notes=http://h:1/api", "/notes/a", "//h:1/admin"],
  ["/notes=http://h:1/api", "/notes/a", "../admin"],
  ["/notes=http://h:1/api", "/notes/a", "%2e%2e/admin"],
  ["/notes=http://h:1/api", "/notes/a", ".%2E/admin"],
  ["/notes=http://h:1/api", "/notes/a", ".\t./admin"],
  ["/notes=http://h:1/api", "/notes/a", "..\\admin"],
  ["/notes=http://h:1/api", "/notes/a", "..%2fadmin"],
  ["/notes=http://h:1/api", "/notes/a", "..%5Cadmin"],
  ["/notes=http://h:1/api", "/notes/a", "x%2f..%2f..%2fadmin"],
  ["/notes=http://h:1/api", "/notes/a", "..;/admin"],
  ["/notes=http://h:1/api", "/notes/a", "/api/../admin"],
  ["/notes=http://h:1/api", "/notes/a", "/api//../../admin"],
  ["/notes=http://h:1/api", "/notes", "a"],
  ["/notes=http://127.0.0.1:1/api", "/notes/a", "https://localhost:1/admin"],
  ["/=http://h:1/api", "/a", "/admin"],
  // The paths of services below.
  ["/=http://h:1", "/a", "/admin"],
  ["/=http://h:1", "/a", "/admin/x?y"],
  ["/=http://h:1", "/a", "/x/../admin"],
  ["/=http://h:1", "/a", "http://h:1/admin"],
  ["/notes=http://h:1", "/notes/a", "deep/x"],
  ["/notes=http://h:1/api", "/notes/a", "/api/deep"],
  // The site's own URLs are paths of the tunnel to `fetch`.
  ["/notes=http://h:1", "/notes/a", "https://me.example/admin"],
  ["/notes=http://h:1", "/notes/a", "https://me.example/notes/deep"],
  ["/notes=http://h:1", "/notes/a", "https://me.example/notes/..%2fadmin"],
  ["/notes=http://h:1", "/notes/a", "//me.example/admin"],
  ["/notes=http://h:1", "/notes/a", "http://me.example/admin"],
  // None.
  ["/notes=http://h:1", "/notes/a", "http://["],
  ["/notes=http://h:1", "/notes/a", "https:[/../../admin"],
  // The same again, by https.
  ["/notes=http://h", "/notes/a", "https://h/a"],
  ["/=http://127.0.0.1:1", "/a?b", "https://localhost:1/a?b"],
];
for (const [service, target, location] of out) {
  test(`${service} does not lead out of it by Location: ${JSON.stringify(location)}`, () => {
    const asked = { service, target, others: ["/admin", "/notes/deep", "/api-2"] };
    for (const status of [301, 302, 303, 307, 308]) {
      assert.is(led(location, { ...asked, status }), OUT);
    }
    // Pages do not follow these.
    for (const status of [200, 201, 202, 300, 304]) {
      assert.is(led(location, { ...asked, status }), undefined);
    }
    assert.is(led(location, { ...asked, name: "Content-Location" }), undefined);
    assert.is(led(location, { ...asked, name: "Location", isStranger: true }), OUT);
  });
}

for (const location of ["https:../admin", "//../admin", "\\\\..\\admin"]) {
  test(`Location: ${location} leads to a host named .., and to no path of the page's site`, () => {
    const mapped = led(location, { service: "/notes=http://h:1", others: ["/admin"] });
    assert.is(new URL(mapped!, "https://me.example/notes/a").hostname, "..");
  });
}

const workers: [as: "local" | "proxy", service: string, location: string, page: string][] = [
  ["local", "/=http://h:1", "/a", "/local/a"],
  ["local", "/=http://h:1", "//h:1//a", "/local//a"],
  ["local", "/notes=http://h:1/api", "/api/a", "/local/notes/a"],
  // A path that looks like one of the page's.
  ["local", "/notes=http://h:1", "/local/notes/a", "/local/notes/local/notes/a"],
  ["local", "/local=http://h:1", "/a", "/local/local/a"],
  // Of an app whose settings name its public URL.
  ["local", "/notes=http://h:1", "https://me.example/local/notes/a?b", "/local/notes/a?b"],
  ["local", "/=http://h:1", "https://me.example/local/", "/local/"],
  // The site's other pages, which are not in the tunnel.
  ["local", "/notes=http://h:1", "https://me.example/", "https://me.example/"],
  ["local", "/notes=http://h:1", "https://me.example/local-2", "https://me.example/local-2"],
  ["local", "/notes=http://h:1", "https://me.example/local/admin", OUT],
  ["local", "/notes=http://h:1", "https://me.example/local/notes/../admin", OUT],
  ["local", "/notes=http://h:1", "//me.example/local/admin", OUT],
  ["local", "/=http://h:1", "https://me.example/local/admin", OUT],
  // An app that knows its prefix, its site, both or neither.
  ["proxy", "/notes=http://h:1/api", "/local/notes/a", "/local/notes/a"],
  ["proxy", "/notes=http://h:1/api", "/local/notes?a", "/local/notes?a"],
  ["proxy", "/notes=http://h:1/api", "http://h:1/local/notes/a", "/local/notes/a"],
  ["proxy", "/notes=http://h:1/api", "https://me.example/local/notes/a", "/local/notes/a"],
  ["proxy", "/notes=http://h:1/api", "http://me.example/local/notes/a", "/local/notes/a"],
  ["proxy", "/notes=http://h:1/api", "https://me.example/api/a", "/local/notes/a"],
  ["proxy", "/notes=http://h:1/api", "/api/a", "/local/notes/a"],
  ["proxy", "/notes=http://h:1", "/local/notes-2", "/local/notes/local/notes-2"],
  ["proxy", "/=http://h:1", "/local/a", "/local/a"],
  ["proxy", "/=http://h:1", "/a", "/local/a"],
  ["proxy", "/notes=http://h:1/api", "/local/notes/../admin", OUT],
  ["proxy", "/notes=http://h:1/api", "/local/notes/..%2fadmin", OUT],
  ["proxy", "/notes=http://h:1/api", "https://me.example/local/admin", OUT],
  ["proxy", "/=http://h:1", "/local/admin", OUT],
  ["proxy", "/=http://h:1", "/admin", OUT],
];
for (const [as, service, location, page] of workers) {
  test(`${as}: under a worker, ${service} leads Location: ${location} to ${page}`, () => {
    assert.is(led(location, { service, as, worker: "/local", others: ["/admin"] }), page);
  });
}

test("proxy: an app that knows the service's prefix leads to it, without a worker too", () => {
  const asked = { service: "/notes=http://h:1/api", as: "proxy" } as const;
  assert.is(led("/notes/a", asked), "/notes/a");
  assert.is(led("https://me.example/notes/a", asked), "/notes/a");
});

test("proxy: an app that a stranger asks knows the prefix, but not the stranger's site", () => {
  const service = "/notes=http://h:1/api";
  const asked = { service, as: "proxy", worker: "/local", isStranger: true } as const;
  assert.is(led("/local/notes/a", asked), "/local/notes/a");
  assert.is(led("/api/a", asked), "/local/notes/a");
  assert.is(led("https://me.example/local/notes/a", asked), "/local/notes/a");
  assert.is(led("https://me.example/api/a", asked), "https://me.example/api/a");
  assert.is(led("https://me.example/local/admin", asked), OUT);
});

const refreshes: [refresh: string, page: string | undefined][] = [
  ["0; url=/a", "0; url=/notes/a"],
  ["5;URL='http://h:1/a b?c'", "5;URL=/notes/a%20b?c"],
  ['0; url = "/a"; x', "0; url = /notes/a"],
  ["0, /a", "0, /notes/a"],
  ["1.5 a", "1.5 /notes/a"],
  ["0;url=caf\xc3\xa9", "0;url=/notes/caf%c3%a9"],
  // As they are: nothing to map, and another site's.
  ["5", "5"],
  ["5;", "5;"],
  ["5; url=", "5; url="],
  ["", ""],
  ["url=/admin", "url=/admin"],
  ["0; url=https://login.example/a", "0; url=https://login.example/a"],
  ["0; URL='https://login.example'", "0; URL='https://login.example'"],
  ["0; url=https:login.example", "0; url=https://login.example/"],
  // Out of the service.
  ["0; url=https://me.example/admin", undefined],
  ["0; url=http://h:1/deep/x", undefined],
  ["0; url=..%2fadmin", undefined],
  ["0; url=https:[/../admin", undefined],
];
for (const [refresh, page] of refreshes) {
  test(`Refresh: ${JSON.stringify(refresh)} becomes ${JSON.stringify(page)}`, () => {
    const asked = { service: "/notes=http://h:1", name: "Refresh", others: ["/notes/deep"] };
    for (const status of [200, 302]) assert.is(led(refresh, { ...asked, status }), page);
  });
}

test("the error says where the redirect led, without its query, and what the service offers", () => {
  const messageOf = (service: string, location: string) => {
    const [prefix = "", url = ""] = service.split("=");
    const { back } = new Backend({ prefix, backend: new URL(url) })
      .upstreamRequest({ target: prefix, headers: [] }, PHONE, (target) => ({
        prefix: isUnder("/admin", target) ? "/admin" : prefix,
      }));
    try {
      back([["Location", location]], 307);
      assert.unreachable();
    } catch (error) {
      return (error as LighthouseError).message;
    }
  };
  assert.is(
    messageOf("/notes=http://h:1/api", "/admin?token=secret"),
    "The backend redirects to http://h:1/admin, but the service /notes offers only what is under " +
      "http://h:1/api",
  );
  assert.is(
    messageOf("/=http://h:1", "/admin/x?token=secret"),
    "The backend redirects to http://h:1/admin/x, and /admin/x belongs to another service than /",
  );
});

test("only the first of several Locations counts", () => {
  const { back } = new Backend({ prefix: "/notes", backend: new URL("http://h:1") })
    .upstreamRequest({ target: "/notes", headers: [] }, PHONE);
  const several: HeaderField[] = [["Location", "/a"], ["location", "https://x/../../../admin"]];
  assert.equal(back(several, 307), [["Location", "/notes/a"]]);
});

test("a redirect that leads out still sets its cookies", () => {
  const backend = new Backend({ prefix: "/notes", backend: new URL("http://h:1/api") });
  const ask = () => backend.upstreamRequest({ target: "/notes", headers: [] }, PHONE);
  const answered: HeaderField[] = [["Location", "/admin"], ["Set-Cookie", "a=1"]];
  assert.throws(() => ask().back(answered, 302), /redirects to/);
  assert.ok(ask().headers.some(([name, value]) => name === "Cookie" && value === "a=1"));
});

test.run();
