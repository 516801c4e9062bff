import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { clientHeaders, type ClientOptions, type ClientRequest } from "./client_headers.ts";

const test = suite("client headers");

const navigator = { languages: ["de-CH", "de", "en"], userAgent: "Browser/1.0" };
const SAID = { "accept-language": "de-CH,de;q=0.9,en;q=0.8", "user-agent": "Browser/1.0" };
const BY_SCRIPT = { "sec-fetch-site": "same-origin", "sec-fetch-dest": "empty" };

for (
  const [what, request, options, expected] of [
    ["a GET names no Origin", { method: "GET", mode: "cors" }, {}, {
      accept: "*/*",
      ...SAID,
      ...BY_SCRIPT,
      "sec-fetch-mode": "cors",
    }],
    ["a HEAD names no Origin", { method: "HEAD", mode: "same-origin" }, {}, {
      accept: "*/*",
      ...SAID,
      ...BY_SCRIPT,
      "sec-fetch-mode": "same-origin",
    }],
    ["a DELETE names the page's Origin", { method: "DELETE", mode: "cors" }, {}, {
      accept: "*/*",
      ...SAID,
      ...BY_SCRIPT,
      "sec-fetch-mode": "cors",
      origin: "https://me.example",
    }],
    [
      "a page without an origin of its own names none",
      { method: "POST", mode: "cors" },
      { origin: "null" },
      { accept: "*/*", ...SAID, ...BY_SCRIPT, "sec-fetch-mode": "cors", origin: "null" },
    ],
    ["a WebSocket names the page's Origin", { method: "GET", mode: "websocket" }, {}, {
      accept: "*/*",
      ...SAID,
      ...BY_SCRIPT,
      "sec-fetch-mode": "websocket",
      origin: "https://me.example",
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
        ...BY_SCRIPT,
        "sec-fetch-mode": "cors",
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
        ...BY_SCRIPT,
        "sec-fetch-mode": "cors",
        origin: "https://me.example",
      },
    ],
    [
      "another site's navigation says so",
      { method: "GET", mode: "navigate", destination: "document" },
      { site: "cross-site" },
      {
        accept: "*/*",
        ...SAID,
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
      },
    ],
    [
      "a platform that says nothing of itself has no such headers",
      { method: "GET", mode: "cors" },
      { navigator: {} },
      { accept: "*/*", ...BY_SCRIPT, "sec-fetch-mode": "cors" },
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
