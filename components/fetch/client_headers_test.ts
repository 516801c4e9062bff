import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { clientHeaders, type ClientOptions, type ClientRequest } from "./client_headers.ts";

const test = suite("client headers");

const navigator = { languages: ["de-CH", "de", "en"], userAgent: "Browser/1.0" };
const SAID = { "accept-language": "de-CH,de;q=0.9,en;q=0.8", "user-agent": "Browser/1.0" };
const FROM_PAGE = { origin: "https://me.example", "sec-fetch-site": "same-origin" };

for (
  const [what, request, options, expected] of [
    ["a GET names no Origin", { method: "GET", mode: "cors" }, {}, {
      accept: "*/*",
      ...SAID,
    }],
    ["a HEAD names no Origin", { method: "HEAD", mode: "same-origin" }, {}, {
      accept: "*/*",
      ...SAID,
    }],
    ["a DELETE names the page's Origin", { method: "DELETE", mode: "cors" }, {}, {
      accept: "*/*",
      ...SAID,
      ...FROM_PAGE,
    }],
    [
      "a page without an origin of its own names none",
      { method: "POST", mode: "cors" },
      { origin: "null" },
      { accept: "*/*", ...SAID, ...FROM_PAGE, origin: "null" },
    ],
    ["a WebSocket names the page's Origin", { method: "GET", mode: "websocket" }, {}, {
      accept: "*/*",
      ...SAID,
      ...FROM_PAGE,
    }],
    [
      "what the page has set stays",
      {
        method: "GET",
        mode: "cors",
        headers: { Accept: "text/html", "Accept-Language": "fr", "User-Agent": "mine", "X-A": "1" },
      },
      {},
      {
        accept: "text/html",
        "accept-language": "fr",
        "user-agent": "mine",
        "x-a": "1",
      },
    ],
    [
      "a page cannot name another Origin or site",
      {
        method: "POST",
        mode: "cors",
        headers: { origin: "https://other.example", "sec-fetch-site": "none" },
      },
      {},
      {
        accept: "*/*",
        ...SAID,
        ...FROM_PAGE,
      },
    ],
    [
      "a platform that says nothing of itself has no such headers",
      { method: "GET", mode: "cors" },
      { navigator: {} },
      { accept: "*/*" },
    ],
  ] as [string, ClientRequest, Partial<ClientOptions>, Record<string, string>][]
) {
  test(what, () => {
    const fields = clientHeaders(request, { origin: "https://me.example", navigator, ...options });
    assert.equal(Object.fromEntries(fields), expected);
  });
}

test("the weights of many languages end at 0.1", () => {
  const languages = Array.from({ length: 12 }, (_, index) => `l${index}`);
  const fields = clientHeaders(
    { method: "GET", mode: "cors" },
    { origin: "https://me.example", navigator: { languages } },
  );
  assert.match(
    new Map(fields).get("accept-language")!,
    /^l0,l1;q=0.9,l2;q=0.8,.*l9;q=0.1,l10;q=0.1,l11;q=0.1$/,
  );
});

test.run();
