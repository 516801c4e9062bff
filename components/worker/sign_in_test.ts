import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { HttpHandler, HttpRequest } from "../../wire/mod.ts";
import {
  field,
  ok,
  pageRequest,
  type PageRequestInit,
  SITE,
  through,
} from "../testing/page_request.ts";

const test = suite("sign_in");

const FORM = ".lighthouse/sign-in";

/** A host that answers 401 to all but one user, and the requests that it got. */
function guarded(credentials = "Basic QW5uOnB3", challenge = 'Basic realm="<b>"') {
  const asked: HttpRequest[] = [];
  const handler: HttpHandler = (request) => {
    asked.push(request);
    const isIn = field(request, "authorization") === credentials;
    const headers: [string, string][] = [["WWW-Authenticate", challenge]];
    return Promise.resolve(isIn ? ok() : ok({ status: 401, headers }));
  };
  return { asked, handler };
}

function navigation(path: string, init: PageRequestInit = {}) {
  return pageRequest(path, { mode: "navigate", destination: "iframe", ...init });
}

/** What the form posts. */
function posted(fields: Record<string, string>, init: PageRequestInit = {}) {
  return navigation(FORM, { method: "POST", body: new URLSearchParams(fields), ...init });
}

test("a page that asks for Basic is a form that posts to the worker's own URL", async () => {
  const response = await through(guarded().handler, navigation('a/b?c="&d'));
  assert.is(response.status, 401);
  assert.is(response.headers.get("www-authenticate"), null);
  assert.match(
    response.headers.get("content-security-policy")!,
    /^default-src 'none'; .*form-action 'self'/,
  );
  assert.is(response.headers.get("cache-control"), "no-store");
  const html = await response.text();
  assert.match(html, /<form method="post" action="\/site\/local\/\.lighthouse\/sign-in">/);
  assert.match(html, /name="page" value="\/site\/local\/a\/b\?c=%22&#38;d"/);
  assert.match(html, /for <q>&#60;b&#62;<\/q>/);
  assert.match(
    html,
    /<label for="user">.*<input id="user"[^>]* autocomplete="username"[^>]* autofocus>/s,
  );
  assert.match(html, /<label for="password">.*type="password" autocomplete="current-password">/s);
  assert.not.match(html, /Wrong|once more/);
});

test("a form that asks for Basic is to be sent once more", async () => {
  const request = navigation("a", { method: "POST", body: "x=y" });
  const response = await through(guarded().handler, request);
  assert.match(await response.text(), /Then send the form once more\./);
});

for (
  const [what, request, challenge] of [
    ["a script's request", pageRequest("a"), "Basic realm=x"],
    ["a picture", pageRequest("a", { mode: "no-cors", destination: "image" }), "Basic realm=x"],
    ["another scheme's page", navigation("a"), "Bearer"],
    ["another scheme's page", navigation("a"), 'Digest realm="x", nonce="y"'],
    ["another scheme's page", navigation("a"), "Negotiate"],
  ] as const
) {
  test(`a 401 for ${what} (${challenge}) passes as it is`, async () => {
    const response = await through(guarded("", challenge).handler, request);
    assert.equal([response.status, response.headers.get("www-authenticate")], [401, challenge]);
  });
}

test("a page of another status passes, whatever it asks for", async () => {
  const headers: [string, string][] = [["www-authenticate", "Basic realm=x"]];
  const response = await through(
    () => Promise.resolve(ok({ status: 403, headers })),
    navigation("a"),
  );
  assert.is(response.status, 403);
});

test("the user and password go to the page, the host is to remember them, and the browser goes there", async () => {
  const { asked, handler } = guarded();
  const page = "/site/local/a?b=c&d";
  const response = await through(handler, posted({ page, user: "Ann", password: "pw" }));
  assert.equal([response.status, response.headers.get("location")], [
    303,
    `https://me.example${page}`,
  ]);
  const [request] = asked as [HttpRequest];
  assert.equal([asked.length, request.method, request.target], [1, "GET", "/a?b=c&d"]);
  assert.is(field(request, "lighthouse-remember"), "authorization");
  assert.equal([field(request, "sec-fetch-mode"), field(request, "sec-fetch-site")], [
    "navigate",
    "same-origin",
  ]);
  for (const name of ["content-type", "content-length", "origin"]) {
    assert.is(field(request, name), undefined, name);
  }
});

test("user and password are sent in UTF-8", async () => {
  const { handler } = guarded("Basic 8J+YgDrDqQ==");
  const fields = { page: "/site/local/", user: "\u{1f600}", password: "\u00e9" };
  assert.is((await through(handler, posted(fields))).status, 303);
});

test("the wrong password gets the form again, with the user's name and the reason", async () => {
  const page = "/site/local/a";
  const response = await through(
    guarded().handler,
    posted({ page, user: '"Ann"', password: "wrong" }),
  );
  assert.is(response.status, 401);
  const html = await response.text();
  assert.match(html, /<p role="alert" id="refused">Wrong user name or password\.<\/p>/);
  assert.match(html, /name="user" value="&#34;Ann&#34;"/);
  assert.match(html, /type="password"[^>]* aria-describedby="refused" autofocus>/);
  assert.match(html, /name="page" value="\/site\/local\/a"/);
  assert.not.match(html, /wrong"/);
});

for (const status of [200, 302, 404, 500]) {
  test(`a page that then answers ${status} is what the browser goes to`, async () => {
    const headers: [string, string][] = [["location", "/elsewhere"]];
    const handler: HttpHandler = () => Promise.resolve(ok({ status, headers }));
    const response = await through(handler, posted({ page: "/site/local/a" }));
    assert.equal([response.status, response.headers.get("location")], [
      303,
      "https://me.example/site/local/a",
    ]);
  });
}

for (
  const page of [
    "https://evil.example/",
    "//evil.example/site/local/",
    "\\\\evil.example\\site\\local\\",
    "https://evil.example@me.example/site/local/",
    "/site/",
    "/site/locally",
    "/site/local/../",
    "/site/local/%2e%2e/",
    "javascript:alert(1)",
    "http://[",
  ]
) {
  test(`the form leads nowhere but under the prefix: not to ${page}`, async () => {
    const { asked, handler } = guarded();
    const response = await through(handler, posted({ page, user: "Ann", password: "pw" }));
    assert.is(response.headers.get("location"), `${SITE}local/`);
    assert.equal(asked.map(({ target }) => target), ["/"]);
  });
}

for (
  const init of [
    { referrer: "https://evil.example/" },
    { referrer: "" },
    { headers: { origin: "https://evil.example" } },
    { headers: { origin: "null" } },
  ]
) {
  test(`another site's form ${JSON.stringify(init)} is not sent`, async () => {
    const { asked, handler } = guarded();
    const fields = { page: "/site/local/", user: "Ann", password: "pw" };
    assert.is((await through(handler, posted(fields, init))).status, 403);
    assert.equal(asked, []);
  });
}

test("the form's own URL leads to the prefix when it is only read", async () => {
  const { asked, handler } = guarded();
  const response = await through(handler, navigation(`${FORM}?x`));
  assert.equal([response.status, response.headers.get("location")], [303, `${SITE}local/`]);
  assert.equal(asked, []);
});

test.run();
