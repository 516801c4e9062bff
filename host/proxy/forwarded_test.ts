import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type HeaderField, ROOT } from "../../wire/mod.ts";
import type { Principal } from "../access/principal.ts";
import type { BackendConfig } from "../config/service_config.ts";
import { Backend } from "./backend.ts";
import { workerPrefixOf } from "./forwarded.ts";

const test = suite("forwarded");

const PHONE: Principal = { id: "phone", origin: "https://me.example", name: "phone" };
const STRANGER: Principal = { id: "stranger", origin: "https://me.example" };

/** The headers that a backend gets, in lower case, without those that name the device. */
function headersAt(
  config: Omit<BackendConfig, "backend"> & { backend: string },
  headers: HeaderField[],
  principal = PHONE,
): Record<string, string> {
  const backend = new Backend({ ...config, backend: new URL(config.backend) });
  const target = config.prefix === "/" ? "/" : `${config.prefix}/`;
  const sent = backend.upstreamRequest({ target, headers }, principal).headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !name.startsWith("lighthouse-"));
  return Object.fromEntries(sent);
}

const origins: [site: string, backend: string, origin: string, seen: string][] = [
  ["https://me.example", "http://127.0.0.1:5000", "https://me.example", "http://127.0.0.1:5000"],
  [
    "https://me.example",
    "http://localhost:5000/api",
    "https://me.example",
    "http://localhost:5000",
  ],
  ["https://me.example", "https://[::1]:5000/", "https://me.example", "https://[::1]:5000"],
  ["https://me.example", "http://h:80", "https://me.example", "http://h"],
  ["http://localhost:5173", "http://h:1", "http://localhost:5173", "http://h:1"],
  ["http://[::1]:8080", "http://h:1", "http://[::1]:8080", "http://h:1"],
  ["https://xn--bcher-kva.example", "http://h:1", "https://xn--bcher-kva.example", "http://h:1"],
  // Another site's stay: the backend refuses them.
  ["https://me.example", "http://h:1", "https://evil.example", "https://evil.example"],
  ["https://me.example", "http://h:1", "http://me.example", "http://me.example"],
  ["https://me.example", "http://h:1", "https://me.example:8443", "https://me.example:8443"],
  ["https://me.example", "http://h:1", "https://me.example.evil", "https://me.example.evil"],
  ["https://me.example", "http://h:1", "https://me.example/", "https://me.example/"],
  ["http://localhost:5173", "http://h:1", "http://localhost:51730", "http://localhost:51730"],
  ["https://me.example", "http://h:1", "null", "null"],
  ["null", "http://h:1", "null", "null"],
  ["", "http://h:1", "", ""],
];
for (const [site, backend, origin, seen] of origins) {
  test(`local: Origin ${origin} of a page of ${site} is ${seen} at ${backend}`, () => {
    for (const name of ["Origin", "origin", "ORIGIN"]) {
      for (const principal of [PHONE, STRANGER]) {
        assert.equal(
          headersAt({ prefix: "/", backend }, [[name, origin]], { ...principal, origin: site }),
          { host: new URL(backend).host, origin: seen },
        );
      }
    }
  });
}

const referers: [
  prefix: string,
  backend: string,
  worker: string | null,
  from: string,
  to: string,
][] = [
  // The service's own pages.
  ["/", "http://h:1", "/local", "https://me.example/local/a?b", "http://h:1/a?b"],
  ["/", "http://h:1/api", "/local", "https://me.example/local/a", "http://h:1/api/a"],
  ["/", "http://h:1", "", "https://me.example/a/b", "http://h:1/a/b"],
  ["/notes", "http://h:1", "/local", "https://me.example/local/notes/a", "http://h:1/a"],
  ["/notes", "http://h:1", "/local", "https://me.example/local/notes", "http://h:1/"],
  ["/notes", "http://h:1", "/local", "https://me.example/local/notes?a", "http://h:1/?a"],
  ["/notes", "http://h:1/api", "/local", "https://me.example/local/notes", "http://h:1/api"],
  ["/notes", "http://h:1/api/", "/local", "https://me.example/local/notes/", "http://h:1/api/"],
  ["/notes", "http://h:1", "", "https://me.example/notes/a", "http://h:1/a"],
  ["/a/b", "http://h:1", "/my%20site", "https://me.example/my%20site/a/b/c", "http://h:1/c"],
  // Other pages of the site.
  ["/", "http://h:1", "/local", "https://me.example/", "http://h:1/"],
  ["/", "http://h:1/api", "/local", "https://me.example/localhost/", "http://h:1/api/"],
  ["/notes", "http://h:1/api", "/local", "https://me.example/local/admin/x", "http://h:1/api/"],
  ["/notes", "http://h:1", "/local", "https://me.example/local/notes-2", "http://h:1/"],
  ["/", "http://h:1", null, "https://me.example/app/index.html?a", "http://h:1/"],
  ["/", "http://h:1", "/local", "https://me.example", "http://h:1/"],
  // Other sites' pages.
  ["/", "http://h:1", "/local", "https://other.example/local/a", "https://other.example/local/a"],
  ["/", "http://h:1", "/local", "https://me.example:1/local/", "https://me.example:1/local/"],
  ["/", "http://h:1", "/local", "https://me.example@evil/", "https://me.example@evil/"],
  ["/", "http://h:1", "/local", "https://me.examples/", "https://me.examples/"],
  ["/", "http://h:1", "/local", "about:client", "about:client"],
  ["/", "http://h:1", "/local", "", ""],
];
for (const [prefix, backend, worker, from, to] of referers) {
  test(`local: ${prefix} = ${backend} sees Referer ${from} (worker at ${worker}) as ${to}`, () => {
    const headers: HeaderField[] = [["Referer", from]];
    if (worker !== null) headers.push(["X-Forwarded-Prefix", worker]);
    for (const each of [headers, headers.toReversed()]) {
      assert.equal(headersAt({ prefix, backend }, each), {
        host: new URL(backend).host,
        referer: to,
      });
    }
  });
}

test("local: nothing else of the page's headers changes", () => {
  const headers: HeaderField[] = [
    ["accept", "text/html"],
    ["sec-fetch-site", "same-origin"],
    ["x-origin", "https://me.example"],
    ["authorization", "https://me.example"],
  ];
  assert.equal(headersAt({ prefix: "/", backend: "http://h:1" }, headers), {
    host: "h:1",
    ...Object.fromEntries(headers),
  });
});

const sites: [site: string, proto: string, host: string, quoted: string][] = [
  ["https://me.example", "https", "me.example", "me.example"],
  ["https://me.example:8443", "https", "me.example:8443", '"me.example:8443"'],
  ["http://localhost:5173", "http", "localhost:5173", '"localhost:5173"'],
  ["http://127.0.0.1", "http", "127.0.0.1", "127.0.0.1"],
  ["http://[::1]:8080", "http", "[::1]:8080", '"[::1]:8080"'],
  ["https://xn--bcher-kva.example", "https", "xn--bcher-kva.example", "xn--bcher-kva.example"],
];
for (const [origin, proto, host, quoted] of sites) {
  test(`proxy: the backend learns of a page of ${origin}, whatever the page says`, () => {
    const claims: HeaderField[] = [
      ["Origin", origin],
      ["Referer", `${origin}/app/local/notes/1`],
      ["X-Forwarded-Host", "evil.example"],
      ["X-Forwarded-Proto", "ftp"],
      ["X-Forwarded-For", "127.0.0.1"],
      ["X-Forwarded-Prefix", "/app/local"],
      ["Forwarded", "for=127.0.0.1;host=evil.example"],
    ];
    const config = { prefix: "/notes", backend: "http://h:1", as: "proxy" as const };
    const seen = headersAt(config, claims, { ...PHONE, origin });
    const address = seen["x-forwarded-for"];
    assert.equal(seen, {
      "host": "h:1",
      "origin": origin,
      "referer": `${origin}/app/local/notes/1`,
      "forwarded": `for=${address};proto=${proto};host=${quoted}`,
      "x-forwarded-for": address,
      "x-forwarded-proto": proto,
      "x-forwarded-host": host,
      "x-forwarded-prefix": "/app/local/notes",
    });
  });
}

test("proxy: the site of a stranger is only claimed, so the backend does not learn it", () => {
  for (const origin of ["https://me.example", "http://me.example", "null"]) {
    const seen = headersAt({ prefix: "/", backend: "http://h:1", as: "proxy" }, [], {
      ...STRANGER,
      origin,
    });
    const address = seen["x-forwarded-for"];
    assert.equal(seen, {
      "host": "h:1",
      "forwarded": `for=${address};proto=https`,
      "x-forwarded-for": address,
      "x-forwarded-proto": "https",
    });
  }
});

const noSites = [
  "null",
  "",
  "https://a.example/path",
  "https://a.example,b",
  'https://a.example";for="192.0.2.1',
  "https://a.example;for=192.0.2.1",
  "ftp://a.example",
  "https://a.example:443",
  "https://me@a.example",
];
for (const origin of noSites) {
  test(`proxy: the origin ${JSON.stringify(origin)} names no site`, () => {
    const seen = headersAt({ prefix: "/", backend: "http://h:1", as: "proxy" }, [], {
      ...PHONE,
      origin,
    });
    assert.is(seen["x-forwarded-host"], undefined);
    assert.is(seen["x-forwarded-proto"], "https");
    assert.is(seen["forwarded"], `for=${seen["x-forwarded-for"]};proto=https`);
  });
}

test("proxy: each device has an address of its own, of 100.64.0.0/10, and keeps it", () => {
  const config = { prefix: "/", backend: "http://h:1", as: "proxy" as const };
  const addressOf = (id: string) => headersAt(config, [], { ...PHONE, id })["x-forwarded-for"]!;
  const ids = Array.from({ length: 200 }, (_, at) => `device ${at}`);
  const addresses = ids.map(addressOf);
  assert.is(new Set(addresses).size, ids.length);
  for (const address of addresses) {
    const [a, b, ...rest] = address.split(".").map(Number);
    assert.ok(a === 100 && b! >= 64 && b! < 128, address);
    assert.ok(rest.length === 2 && rest.every((each) => each >= 0 && each <= 255), address);
  }
  assert.equal(ids.map(addressOf), addresses);
});

const prefixes: [service: string, worker: string | undefined, announced: string | undefined][] = [
  ["/", undefined, undefined],
  ["/", "", undefined],
  ["/", "/local", "/local"],
  ["/notes", undefined, "/notes"],
  ["/notes", "", "/notes"],
  ["/notes", "/a/b", "/a/b/notes"],
  // One that is not safe in links.
  ["/notes", "//evil.example", "/notes"],
];
for (const [prefix, worker, announced] of prefixes) {
  test(`proxy: ${prefix} under a worker at ${worker} is announced as ${announced}`, () => {
    const headers: HeaderField[] = worker === undefined ? [] : [["x-forwarded-prefix", worker]];
    const seen = headersAt({ prefix, backend: "http://h:1", as: "proxy" }, headers);
    assert.is(seen["x-forwarded-prefix"], announced);
  });
}

for (const prefix of ["/", "/notes"]) {
  test(`proxy: ${prefix} at a site's root is announced without a prefix, and asked from there`, () => {
    const referer: HeaderField = ["Referer", "https://me.example/a?b"];
    const fields: HeaderField[] = [["x-forwarded-prefix", ""], [ROOT, prefix], referer];
    const seen = headersAt({ prefix, backend: "http://h:1", as: "proxy" }, fields);
    assert.is(seen["x-forwarded-prefix"], undefined);
    assert.is(seen["referer"], referer[1]);
    const local = headersAt({ prefix, backend: "http://h:1/api" }, fields);
    assert.is(local["referer"], "http://h:1/api/a?b");
    assert.is(local[ROOT], undefined);
  });
}

test("proxy: only its own prefix, and only once, makes a service the site's root", () => {
  const roots = [["/"], ["/other"], ["/notes/"], ["/notes", "/notes"], ["https://evil.example"]];
  for (const values of roots) {
    const fields = values.map((value): HeaderField => [ROOT, value]);
    const seen = headersAt({ prefix: "/notes", backend: "http://h:1", as: "proxy" }, fields);
    assert.is(seen["x-forwarded-prefix"], "/notes");
  }
});

const workers: [prefix: string, isSafe: boolean][] = [
  ["", true],
  ["/local", true],
  ["/app/local", true],
  ["/~me/app-1.0/@x/a+b", true],
  ["/my%20site/b%C3%BCcher", true],
  ["/..a/...", true],
  ["/", false],
  ["/local/", false],
  ["local", false],
  ["//evil.example", false],
  ["/a//b", false],
  ["/\\evil.example", false],
  ["https://evil.example", false],
  ["/..", false],
  ["/a/../b", false],
  ["/./a", false],
  ["/%2e%2e/a", false],
  ["/a/.%2E", false],
  ["/a%2fb", false],
  ["/a%2Fb", false],
  ["/a%5cb", false],
  ["/a%00", false],
  ["/a%0d%0aX-Evil: 1", false],
  ["/a%7f", false],
  ["/a%zz", false],
  ["/a%", false],
  ["/a b", false],
  ["/a?b", false],
  ["/a#b", false],
  ["/a;b", false],
  ["/a,/b", false],
  ['/a"><script>', false],
  ["/a:b", false],
  [`/${"a".repeat(600)}`, false],
];
for (const [prefix, isSafe] of workers) {
  test(`a worker's prefix ${prefix.slice(0, 30)} is ${isSafe ? "taken" : "dropped"}`, () => {
    const found = workerPrefixOf([["X-Forwarded-Prefix", prefix]]);
    assert.is(found, isSafe ? prefix : undefined);
  });
}

test("a worker's prefix counts only in its own spelling, and once", () => {
  assert.is(workerPrefixOf([["X_Forwarded_Prefix", "/a"]]), undefined);
  assert.is(
    workerPrefixOf([["x-forwarded-prefix", "/a"], ["X-Forwarded-Prefix", "/a"]]),
    undefined,
  );
});

test.run();
