import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { thrownBy } from "../../wire/testing/failure.ts";
import { parseBackendUrl } from "./backend_url.ts";

const test = suite("backend_url");

const SITE = "https://me.example";

for (
  const [input, path] of [
    ["/a/b?c=d", "/a/b?c=d"],
    ["a/b", "/a/b"],
    ["./a", "/a"],
    ["", "/"],
    ["?a", "/?a"],
    ["#a", "/"],
    ["/a#b", "/a"],
    ["  /a\n", "/a"],
    ["../../etc/passwd", "/etc/passwd"],
    ["/a/../../b", "/b"],
    ["/%2e%2e/%2E./a", "/a"],
    ["/a%2f..%2fb", "/a%2f..%2fb"],
    ["\\a", "/a"],
    ["/a b/ü", "/a%20b/%C3%BC"],
    ["/a//b", "/a//b"],
    ["null", "/null"],
    [SITE, "/"],
    [`${SITE}:443/a?b`, "/a?b"],
    ["HTTPS://ME.EXAMPLE/a", "/a"],
    ["https:/a", "/a"],
    [new URL("a?b", `${SITE}/v1/`), "/v1/a?b"],
  ] as [string | URL, string][]
) {
  test(`${JSON.stringify(input)} asks for ${path}, by a request or a WebSocket`, () => {
    for (const use of ["fetch", "socket"] as const) {
      const { pathname, search } = parseBackendUrl(input, SITE, use);
      assert.is(pathname + search, path);
    }
  });
}

for (const scheme of ["wss", "ws", "https", "http"]) {
  test(`a WebSocket may have the page's own host after ${scheme}:`, () => {
    assert.is(parseBackendUrl(`${scheme}://me.example/a`, SITE, "socket").pathname, "/a");
  });
}

for (
  const [site, input] of [
    ["null", "/a"],
    ["null", "http://lighthouse.invalid/a"],
    ["http://localhost:5173", "http://localhost:5173/a"],
  ] as const
) {
  test(`on a page of ${site}, ${input} is a path`, () => {
    assert.is(parseBackendUrl(input, site, "fetch").pathname, "/a");
  });
}

const SUCH_AS = 'give a path, such as "/api/notes"';

for (
  const [site, input, expected] of [
    [
      SITE,
      "http://localhost:5000/api/notes?x=1#y",
      'Cannot fetch from http://localhost:5000 through the tunnel: give a path, "/api/notes\\?x=1", ' +
      "or use the page's own fetch for another site",
    ],
    [SITE, "http://127.0.0.1:5000", 'fetch from http://127.0.0.1:5000 .* give a path, "/"'],
    [SITE, "http://[::1]:5000/a", 'fetch from http://\\[::1\\]:5000 .* give a path, "/a"'],
    [SITE, "//localhost:5000/a", 'fetch from https://localhost:5000 .* give a path, "/a"'],
    [SITE, "\\\\other.example\\a", 'fetch from https://other.example .* give a path, "/a"'],
    [SITE, "https://me.example:8443/a", 'from https://me.example:8443 .* give a path, "/a"'],
    [SITE, "http://me.example/a", 'fetch from http://me.example .* give a path, "/a"'],
    [SITE, "https://ann:secret@other.example/a", 'fetch from https://other.example .* "/a"'],
    [SITE, "https://me.example.evil.example/a", "from https://me.example.evil.example through"],
    [SITE, "localhost:5000/a", `fetch from localhost:… .* ${SUCH_AS}, or use the page's own fetch`],
    [SITE, "data:text/plain,a", `fetch from data:… .* ${SUCH_AS}, or use the page's own fetch`],
    [SITE, `blob:${SITE}/0b3a`, `fetch from blob:… .* ${SUCH_AS}, or use the page's own fetch`],
    ["null", "data:text/plain,a", `fetch from data:… .* ${SUCH_AS}`],
    ["null", "file:///api/notes", `fetch from file:… .* ${SUCH_AS}`],
    [SITE, "about:blank", `fetch from about:… .* ${SUCH_AS}`],
    [SITE, "javascript:alert(1)", `fetch from javascript:… .* ${SUCH_AS}`],
    [SITE, "wss://me.example/live", `from wss:… .* ${SUCH_AS}, or use tunnel.WebSocket`],
    [SITE, "http://", `fetch from "http://" through the tunnel: ${SUCH_AS}$`],
    [SITE, `http://${"[".repeat(1000)}`, `fetch from "http://\\[{93}" through .* ${SUCH_AS}$`],
    [SITE, undefined, `^Cannot fetch through the tunnel: ${SUCH_AS}$`],
    [SITE, null, `^Cannot fetch through the tunnel: ${SUCH_AS}$`],
  ] as [string, string, string][]
) {
  test(`${String(input).slice(0, 50)} on a page of ${site} is refused with the cure`, () => {
    const error = thrownBy(() => parseBackendUrl(input, site, "fetch"));
    assert.instance(error, TypeError);
    assert.match(error.message, new RegExp(expected));
    assert.not.match(error.message, /secret/);
  });
}

for (
  const [input, expected] of [
    [
      "ws://localhost:5000/live",
      'Cannot open a WebSocket to ws://localhost:5000 through the tunnel: give a path, "/live", ' +
      "or use the page's own WebSocket for another site",
    ],
    ["wss://me.example:1/a", 'to wss://me.example:1 .* give a path, "/a"'],
    ["http://localhost:5000/a", 'to http://localhost:5000 .* give a path, "/a"'],
    ["data:text/plain,a", `to data:… .* ${SUCH_AS}, or use the page's own WebSocket`],
    [undefined, `^Cannot open a WebSocket through the tunnel: ${SUCH_AS}$`],
  ] as [string, string][]
) {
  test(`a WebSocket to ${input} is refused with the cure`, () => {
    const { message } = thrownBy(() => parseBackendUrl(input, SITE, "socket"));
    assert.match(message, new RegExp(expected));
  });
}

test.run();
