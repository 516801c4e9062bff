import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { HeaderField } from "../../wire/mod.ts";
import type { Principal } from "../access/principal.ts";
import { Backend } from "./backend.ts";
import { valuesOf } from "./headers.ts";

const test = suite("backend");

const PHONE = { id: "phone", origin: "https://me.example", name: "phone" };

function passageOf(prefix: string, url: string, target: string, headers: HeaderField[] = []) {
  return new Backend({ prefix, backend: new URL(url) }).upstreamRequest({ target, headers }, PHONE);
}

const reached: [prefix: string, base: string, target: string, url: string][] = [
  ["/", "http://h:1", "/", "http://h:1/"],
  ["/", "http://h:1", "/?a=1", "http://h:1/?a=1"],
  ["/", "http://h:1", "/a//b", "http://h:1/a//b"],
  ["/", "http://h:1", "/http://other/", "http://h:1/http://other/"],
  ["/", "http://h:1", "//other/", "http://h:1//other/"],
  ["/", "http://h:1", "//other//x//?a=//b", "http://h:1//other//x//?a=//b"],
  ["/", "http://h:1/api", "//other/", "http://h:1/api//other/"],
  ["/notes", "http://h:1", "/notes//other/", "http://h:1//other/"],
  ["/notes", "http://h:1/api", "/notes//", "http://h:1/api//"],
  ["/", "http://h:1", "/%41%7e%2F%5B%20+/%252e%252e/x", "http://h:1/%41%7e%2F%5B%20+/%252e%252e/x"],
  ["/", "http://h:1", "/a?b=/../c", "http://h:1/a?b=/../c"],
  ["/", "http://h:1", "/a?b=//c", "http://h:1/a?b=//c"],
  ["/", "http://h:1", "/@other/", "http://h:1/@other/"],
  ["/", "http://h:1", "/a%2Fb/%E2%82%AC", "http://h:1/a%2Fb/%E2%82%AC"],
  ["/", "http://h:1", "/..a/b../a..b/...", "http://h:1/..a/b../a..b/..."],
  ["/", "http://h:1/api", "/notes", "http://h:1/api/notes"],
  ["/", "http://h:1/api/", "/notes", "http://h:1/api/notes"],
  ["/", "http://h:1/api", "/", "http://h:1/api/"],
  ["/notes", "http://h:1", "/notes", "http://h:1/"],
  ["/notes", "http://h:1", "/notes/", "http://h:1/"],
  ["/notes", "http://h:1", "/notes?a=1", "http://h:1/?a=1"],
  ["/notes", "http://h:1", "/notes/notes/1?a=1", "http://h:1/notes/1?a=1"],
  ["/notes", "http://h:1/api", "/notes", "http://h:1/api"],
  ["/notes", "http://h:1/api/", "/notes", "http://h:1/api"],
  ["/notes", "http://h:1/api", "/notes/", "http://h:1/api/"],
  ["/notes", "http://h:1/api", "/notes?a=1", "http://h:1/api?a=1"],
  ["/notes", "http://h:1/api", "/notes/1", "http://h:1/api/1"],
  ["/notes", "https://h/api", "/notes/1", "https://h/api/1"],
  ["/a/b", "http://[::1]:1/api", "/a/b/c", "http://[::1]:1/api/c"],
];
for (const [prefix, base, target, url] of reached) {
  test(`${prefix} = ${base} leads ${target} to ${url}`, () => {
    assert.is(passageOf(prefix, base, target).url.href, url);
  });
}

const escaping: [prefix: string, base: string, target: string][] = [
  ["/", "http://h:1", "http://other/"],
  ["/", "http://h:1", "@other/"],
  ["/", "http://h:1", "2/"],
  ["/", "http://h", ".other/"],
  ["/", "http://h", ":8080/"],
  ["/", "http://h:1/api", "-evil/"],
  ["/notes", "http://h:1/api", "/notes-evil/"],
  ["/", "http://h:1/api", "/.\t./admin"],
  ["/", "http://h:1/api", "/.%\n2e/admin"],
  ...["", "/api"].flatMap((base) =>
    [
      "/..",
      "/../",
      "/../admin",
      "/a/../b",
      "/a/../../admin",
      "/%2e%2e/admin",
      "/.%2E/admin",
      "/%2E./admin?a",
      "/..\\admin",
      "\\..\\..\\admin",
      "/..%2fadmin",
      "/a/..%2F..%2f%2E%2e%5cadmin",
      "/..%5Cadmin",
      "/a%2f..",
      "/..;/admin",
      "/..;a=1/admin",
      "/%2e%2e%3b/admin",
      "//../admin",
      "//..%2fadmin",
      "/.//..//admin",
    ].map((target) => ["/", `http://h:1${base}`, target] as [string, string, string])
  ),
  ["/notes", "http://h:1", "/notes/../files"],
  ["/notes", "http://h:1/api", "/notes/.."],
];
for (const [prefix, base, target] of escaping) {
  test(`${prefix} = ${base} refuses ${JSON.stringify(target)}`, () => {
    try {
      const { url } = passageOf(prefix, base, target);
      assert.unreachable(`leads to ${url.href}`);
    } catch (error) {
      assert.is((error as { code?: string }).code, "bad-request", String(error));
      assert.match((error as Error).message, "leads out of the backend");
    }
  });
}

test("a page cannot forge what only the host says, in no spelling of its name", () => {
  const forged: HeaderField[] = [
    ["Forwarded", "for=192.0.2.1;by=me"],
    ["X-Forwarded-For", "192.0.2.1"],
    ["x-forwarded-proto", "http"],
    ["X-Forwarded-Host", "evil.example"],
    ["X-Forwarded-Prefix", "/evil"],
    ["X-Forwarded-Port", "80"],
    ["X-Forwarded", "for=192.0.2.1"],
    ["X_Forwarded_For", "192.0.2.1"],
    ["x.forwarded.for", "192.0.2.1"],
    ["X-Forwarded~For", "192.0.2.1"],
    ["X-Real-IP", "192.0.2.1"],
    ["X_Real-IP", "192.0.2.1"],
    ["Lighthouse-Device", "the owner's"],
    ["lighthouse_device_id", "another"],
    ["Host", "evil.example"],
    ["Proxy", "http://evil.example"],
    ["Content_Length", "5"],
    ["Transfer_Encoding", "chunked"],
    ["Connection", "X-Forwarded-For, Forwarded, Host"],
    ["X-Kept", "1"],
    ["X_Kept", "2"],
  ];
  assert.equal(passageOf("/notes", "http://h:1/api", "/notes/1", forged).headers, [
    ["Host", "h:1"],
    ["X-Kept", "1"],
    ["X_Kept", "2"],
    ["Lighthouse-Device", "phone"],
    ["Lighthouse-Device-Id", "phone"],
  ]);
});

const names: [name: string, field: string][] = [
  ["my phone", "my phone"],
  ["Zoë’s 100% phone", "Zo%C3%AB%E2%80%99s 100%25 phone"],
  ["📱", "%F0%9F%93%B1"],
];
for (const [name, field] of names) {
  test(`the backend is told of the device “${name}”, whatever the page says`, () => {
    const forged: HeaderField[] = [
      ["Lighthouse-Device", "the owner"],
      ["lighthouse_device_id", "1"],
      ["Lighthouse-Device_Id", "1"],
      ["LIGHTHOUSE-ADMIN", "1"],
      ["Connection", "Lighthouse-Device"],
    ];
    const backend = new Backend({ prefix: "/", backend: new URL("http://h:1") });
    const ask = (principal: Principal) =>
      backend.upstreamRequest({ target: "/", headers: forged }, principal).headers
        .filter(([name]) => /lighthouse/i.test(name));
    assert.equal(ask({ id: "abc", origin: "https://me.example", name }), [
      ["Lighthouse-Device", field],
      ["Lighthouse-Device-Id", "abc"],
    ]);
    assert.equal(ask({ id: "abc", origin: "https://me.example" }), []);
  });
}

test("cookies stay on the host, and go back to where they came from", () => {
  const backend = new Backend({ prefix: "/notes", backend: new URL("http://127.0.0.1:5000/api") });
  const request = { target: "/notes/login", headers: [["Cookie", "forged=1"]] as HeaderField[] };
  const first = backend.upstreamRequest(request, PHONE);
  assert.equal(valuesOf(first.headers, "cookie"), []);
  const answered: HeaderField[] = [
    ["Set-Cookie", "session=1; Path=/api; Secure; HttpOnly; SameSite=Strict"],
    ["set-cookie", "deep=1; Path=/api/deep"],
    ["Set-Cookie", "page=1; Path=/notes"],
    ["X-Kept", "1"],
  ];
  assert.equal(first.back(answered), [["X-Kept", "1"]]);
  const cookiesOf = (target: string, device: string) =>
    valuesOf(
      backend.upstreamRequest({ ...request, target }, {
        id: device,
        origin: "https://me.example",
        name: device,
      }).headers,
      "cookie",
    );
  assert.equal(cookiesOf("/notes/1", "phone"), ["session=1"]);
  assert.equal(cookiesOf("/notes/deep/1", "phone"), ["deep=1; session=1"]);
  assert.equal(cookiesOf("/notes/1", "laptop"), []);
  const linked: HeaderField[] = [["Sec-Fetch-Site", "cross-site"]];
  const { headers } = backend.upstreamRequest({ target: "/notes/deep/1", headers: linked }, PHONE);
  assert.equal(valuesOf(headers, "cookie"), ["deep=1"]);
});

test.run();
