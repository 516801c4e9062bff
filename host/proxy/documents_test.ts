import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import * as assert from "uvu/assert";
import { listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import {
  BACKEND,
  COOKIES,
  COOKIES_PATH,
  FROM,
  type HeaderField,
  type HttpResponse,
  ROOT,
  SERVICE,
  SET_COOKIE,
} from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import type { Principal } from "../access/principal.ts";
import { forwardTo } from "./forward.ts";
import { valuesOf } from "./headers.ts";
import { Services } from "./services.ts";

const test = suite("documents");

const PHONE: Principal = { id: "1", origin: "https://me.example.org", name: "phone" };

type Route = (request: IncomingMessage, response: ServerResponse) => void;

/** Backends at /a and /b (which is at /base of its server), and a page that asks. */
async function setUp(
  route: Route = ({ headers }, response) => response.end(headers.cookie ?? "", "latin1"),
) {
  const server = await listen(createServer(route));
  const services = new Services([
    forwardTo({ prefix: "/a", backend: new URL(server.url) }),
    forwardTo({ prefix: "/b", backend: new URL("/base", server.url) }),
  ]);
  return {
    url: server.url,
    services,
    async ask(target: string, headers: HeaderField[] = [], principal = PHONE): Promise<Answer> {
      const { signal } = new AbortController();
      const request = { method: "GET", target, headers, body: null };
      const answer = await services.handler(request, { signal, principal });
      const text = await new Response(answer.body).text();
      const own = (name: string) => valuesOf(answer.headers, name)[0];
      const cookies = own(COOKIES);
      return {
        answer,
        text,
        cookies: cookies === undefined ? undefined : decodeURIComponent(cookies),
        service: own(SERVICE),
        backend: own(BACKEND),
      };
    },
    async [Symbol.asyncDispose]() {
      await services.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

interface Answer {
  answer: HttpResponse;
  text: string;
  cookies: string | undefined;
  service: string | undefined;
  backend: string | undefined;
}

const NAVIGATION: HeaderField = ["sec-fetch-mode", "navigate"];

function lines(...all: [document: string, line: string, id?: string][]): HeaderField {
  return [SET_COOKIE, encodeURIComponent(JSON.stringify(all))];
}

test("a navigation hears of its cookies, its service and the backend's own URL", async () => {
  await using page = await setUp((_request, response) => {
    response.setHeader("set-cookie", [
      "a=1",
      "secret=2; HttpOnly",
      "other=3; Path=/x",
      "s=4; Secure",
    ]);
    response.end();
  });
  const { cookies, service, backend } = await page.ask("/b/1?q", [NAVIGATION]);
  assert.is(cookies, "a=1; s=4");
  assert.is(service, "/b");
  assert.is(backend, `${page.url}/base`);
  const other = await page.ask("/a/", [NAVIGATION]);
  assert.is(other.backend, page.url);
});

test("other answers have cookies only where these have changed, and those of the document", async () => {
  await using page = await setUp(({ url }, response) => {
    if (url === "/set") response.setHeader("set-cookie", ["a=1; Path=/", "d=1; Path=/deep"]);
    if (url === "/hidden") response.setHeader("set-cookie", "secret=1; HttpOnly; Path=/");
    response.end();
  });
  const from = (document: string): HeaderField => [FROM, document];
  assert.is((await page.ask("/a/other", [from("/a/deep/1")])).cookies, undefined);
  assert.is((await page.ask("/a/hidden", [from("/a/deep/1")])).cookies, undefined);
  const set = await page.ask("/a/set", [from("/a/deep/1")]);
  assert.is(set.cookies, "d=1; a=1");
  assert.is(set.service, undefined);
  assert.is(set.backend, undefined);
  assert.is((await page.ask("/a/set", [from("/a/deep/1")])).cookies, undefined);
  assert.is((await page.ask("/a/set")).cookies, undefined);
});

test("scripts set cookies before the request goes, and take them away", async () => {
  await using page = await setUp();
  const set = lines(["/a/x", "a=1"], ["/a/x", "b=2; Path=/"], ["/a/x", "ü=ß"], ["/a/x", "bare"]);
  const { text, cookies } = await page.ask("/a/y", [set, [FROM, "/a/x"]]);
  assert.is(text, "a=1; b=2; ü=ß; bare");
  assert.is(cookies, "a=1; b=2; ü=ß; bare");
  const gone = lines(["/a/x", "a=; Max-Age=0"], [
    "/a/x",
    "b=; Path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT",
  ]);
  assert.is((await page.ask("/a/y", [gone])).text, "ü=ß; bare");
});

test("a request for cookies only is answered by the host", async () => {
  await using page = await setUp();
  const { answer, cookies } = await page.ask(COOKIES_PATH, [lines(["/a/x", "a=1"]), [
    FROM,
    "/a/x",
  ]]);
  assert.is(answer.status, 204);
  assert.equal(valuesOf(answer.headers, "cache-control"), ["no-store"]);
  assert.is(cookies, "a=1");
  assert.is((await page.ask(COOKIES_PATH, [[FROM, "/b/x"]])).cookies, "");
  assert.is((await page.ask(COOKIES_PATH, [[FROM, "/other"]])).cookies, undefined);
  assert.is((await page.ask(COOKIES_PATH, [])).cookies, undefined);
});

test("a line that comes with several requests counts once", async () => {
  await using page = await setUp(({ headers, url }, response) => {
    if (url === "/set") response.setHeader("set-cookie", "a=2; Path=/");
    response.end(headers.cookie);
  });
  assert.is((await page.ask("/a/set", [lines(["/a/", "a=1", "1"])])).text, "a=1");
  assert.is(
    (await page.ask("/a/", [lines(["/a/", "a=1", "1"], ["/a/", "b=1", "2"])])).text,
    "a=2; b=1",
  );
  assert.is((await page.ask("/a/", [lines(["/a/", "a=3"])])).text, "a=3; b=1");
});

const refused: [what: string, line: string][] = [
  ["HttpOnly", "a=1; HttpOnly"],
  ["that replaces an HttpOnly one", "session=1; Path=/"],
  ["that takes away an HttpOnly one", "session=; Path=/; Max-Age=0"],
  ["__Host- without Secure", "__Host-a=1; Path=/"],
  ["__Host- with a Domain", "__Host-a=1; Path=/; Secure; Domain=me.example.org"],
  ["__Host- of a path", "__Host-a=1; Path=/a; Secure"],
  ["__Secure- without Secure", "__Secure-a=1"],
  ["__secure- in another case", "__secure-a=1"],
  ["without a name that looks like __Host-", "=__Host-a=1"],
  ["__Http-", "__Http-a=1; Secure; HttpOnly"],
  ["__Host-Http-", "__Host-Http-a=1; Secure; Path=/"],
  ["for another domain", "a=1; Domain=other.example"],
  ["for a public suffix of the site", "a=1; Domain=org"],
  ["with a line end", "a=1\r\nb: 2"],
  ["with a NUL", "a=1\0"],
  ["that is empty", ""],
  ["that is too large", `a=${"1".repeat(4096)}`],
];
for (const [what, line] of refused) {
  test(`a script cannot set a cookie ${what}`, async () => {
    await using page = await setUp((request, response) => {
      if (request.url === "/login") response.setHeader("set-cookie", "session=0; HttpOnly; Path=/");
      response.end(request.headers.cookie);
    });
    await page.ask("/a/login");
    const { text, cookies } = await page.ask("/a/x", [lines(["/a/x", line]), NAVIGATION]);
    assert.is(text, "session=0");
    assert.is(cookies, "");
  });
}

const taken: [what: string, line: string][] = [
  ["Secure", "a=1; Secure"],
  ["SameSite=Strict", "a=1; SameSite=Strict"],
  ["__Host-", "__Host-a=1; Secure; Path=/"],
  ["__Secure-", "__Secure-a=1; Secure"],
  ["whose Domain is the site's", "a=1; Domain=me.example.org"],
  ["whose Domain is above the site's", "a=1; Domain=.example.org"],
  ["whose Domain is the backend's", "a=1; Domain=127.0.0.1"],
  ["whose Path is the document's on the site", "a=1; Path=/repo/local/a/x"],
  ["whose Path is the service's on the site", "a=1; Path=/repo/local/a"],
];
for (const [what, line] of taken) {
  test(`a script sets a cookie ${what}`, async () => {
    await using page = await setUp();
    const prefix: HeaderField = ["x-forwarded-prefix", "/repo/local"];
    const { text, cookies } = await page.ask("/a/x", [lines(["/a/x", line]), NAVIGATION, prefix]);
    assert.is(text, line.replace(/;.*/, ""));
    assert.is(cookies, text);
    assert.is((await page.ask("/b/x", [NAVIGATION])).cookies, "");
  });
}

test("a path of a site whose root is the service's is the backend's own", async () => {
  await using page = await setUp();
  const fields: HeaderField[] = [["x-forwarded-prefix", ""], [ROOT, "/a"]];
  await page.ask("/a/x", [lines(["/a/x", "a=1; Path=/a/deep"]), ...fields]);
  assert.is((await page.ask("/a/deep/1")).text, "");
  assert.is((await page.ask("/a/a/deep/1")).text, "a=1");
});

test("a path of the site leads to the backend's own", async () => {
  await using page = await setUp();
  const prefix: HeaderField = ["x-forwarded-prefix", "/repo/local"];
  await page.ask("/b/x", [lines(["/b/x", "a=1; Path=/repo/local/b/deep"]), prefix]);
  assert.is((await page.ask("/b/x")).text, "");
  assert.is((await page.ask("/b/deep/1")).text, "a=1");
});

test("no answer shows the cookies of another service's document", async () => {
  await using page = await setUp();
  await page.ask("/a/x", [lines(["/a/x", "a=1"])]);
  assert.is((await page.ask("/b/x", [[FROM, "/a/x"]])).cookies, undefined);
  assert.is((await page.ask("/b/x", [[FROM, "/a/x"], NAVIGATION])).cookies, undefined);
  assert.is((await page.ask("/b/x", [[FROM, "/a/x"], lines(["/a/x", "c=1"])])).cookies, undefined);
  assert.is((await page.ask("/a/x", [NAVIGATION])).cookies, "a=1; c=1");
  assert.is(
    (await page.ask("/a/x", [[FROM, "/a/../b"], lines(["/a/..%2fb", "d=1"])])).cookies,
    undefined,
  );
});

test("a request that is meant for one service reaches no other, nor its cookies", async () => {
  await using page = await setUp();
  await page.ask("/a/x", [lines(["/a/x", "a=1"])]);
  const only = (prefix: string): HeaderField => [SERVICE, prefix];
  assert.is((await page.ask("/a/x", [only("/a")])).answer.status, 200);
  assert.is((await page.ask("/a/x", [only("/b")])).answer.status, 403);
  assert.is((await page.ask("/a/x", [only("/a"), only("/b")])).answer.status, 403);
  assert.is((await page.ask("/a/x", [only("/")])).answer.status, 403);
  assert.is((await page.ask(COOKIES_PATH, [only("/b"), [FROM, "/a/x"]])).cookies, undefined);
  await page.ask("/b/x", [only("/b"), lines(["/a/x", "a=2"], ["/b/x", "b=1"])]);
  assert.is((await page.ask("/a/x")).text, "a=1");
  assert.is((await page.ask("/b/x")).text, "b=1");
});

test("a device reaches no cookies of a service that it may not reach, and none of other devices", async () => {
  await using page = await setUp();
  await page.ask("/a/x", [lines(["/a/x", "a=1"])]);
  const limited = { ...PHONE, services: ["/b"] };
  assert.is((await page.ask(COOKIES_PATH, [[FROM, "/a/x"]], limited)).cookies, undefined);
  await page.ask("/b/x", [lines(["/a/x", "a=2"])], limited);
  assert.is((await page.ask("/a/x")).text, "a=1");
  const tablet = { ...PHONE, id: "2" };
  assert.is((await page.ask(COOKIES_PATH, [[FROM, "/a/x"]], tablet)).cookies, "");
});

test("backends neither get nor set the host's headers", async () => {
  await using page = await setUp((request, response) => {
    const found = Object.keys(request.headers).filter((name) => /lighthouse.(?!device)/.test(name));
    response.writeHead(200, {
      [COOKIES]: "a=1",
      "Lighthouse-Service": "/b",
      [BACKEND]: "http://x",
    });
    response.end(found.join());
  });
  const { answer, text } = await page.ask("/a/x", [[FROM, "/a/x"], [SERVICE, "/a"], lines()]);
  assert.is(text, "");
  assert.equal(answer.headers.filter(([name]) => /^lighthouse/i.test(name)), []);
  const navigation = await page.ask("/a/x", [NAVIGATION]);
  assert.equal(valuesOf(navigation.answer.headers, SERVICE), ["/a"]);
  assert.equal(valuesOf(navigation.answer.headers, COOKIES), [""]);
});

const wrong = [
  "%",
  "%22a%22",
  "[1]",
  '[["/a/x"]]',
  '[["/a/x",1]]',
  '[[1,"a=1"]]',
  '[["/a","b",1]]',
];
for (const value of wrong) {
  test(`lines like ${value} are refused`, async () => {
    await using page = await setUp();
    const code = (await failureOf(page.ask("/a/x", [[SET_COOKIE, value]]))).code;
    assert.is(code, "bad-request");
  });
}

test("many large cookies leave room for the rest of the head", async () => {
  await using page = await setUp();
  for (let at = 0; at < 50; at++) {
    await page.ask("/a/x", [lines(["/a/x", `c${at}=${"%".repeat(2000)}`])]);
  }
  const { answer, cookies } = await page.ask(COOKIES_PATH, [[FROM, "/a/x"]]);
  assert.is(answer.status, 204);
  assert.ok(cookies!.length > 4000 && valuesOf(answer.headers, COOKIES)[0]!.length <= 24 * 1024);
});

test("bytes that are no UTF-8 do not hinder the page's decoder", async () => {
  await using page = await setUp((_request, response) => {
    response.setHeader("set-cookie", "a=\xe9");
    response.end();
  });
  assert.is((await page.ask("/a/x", [NAVIGATION])).cookies, "a=\ufffd");
});

test.run();
