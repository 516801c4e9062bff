import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import {
  encodeHead,
  FROM,
  type HeaderField,
  parseRequestHead,
  SERVICE,
  SET_COOKIE,
} from "../../wire/mod.ts";
import { thrownBy } from "../../wire/testing/failure.ts";
import { embeddingApp, type FramedWindow, limitHead, parseKeyConfig } from "./policy.ts";

const test = suite("key policy");

const APP = { origin: "https://a.example", service: "/notes" };
const CONFIG = { attributes: { relay: "wss://relay.example/prod" }, apps: [APP] };

test("a config is taken as it is", () => {
  assert.equal(parseKeyConfig({ ...CONFIG, more: 1 }), CONFIG);
});

const broken: [what: string, config: unknown][] = [
  ["nothing", null],
  ["no apps", { attributes: {} }],
  ["an attribute that is no text", { ...CONFIG, attributes: { relay: 1 } }],
  ["an app's URL in place of its origin", {
    ...CONFIG,
    apps: [{ ...APP, origin: "https://a.example/" }],
  }],
  ["any origin", { ...CONFIG, apps: [{ ...APP, origin: "*" }] }],
  ["an opaque origin", { ...CONFIG, apps: [{ ...APP, origin: "null" }] }],
  ["no service", { ...CONFIG, apps: [{ origin: APP.origin }] }],
  ["a service without a slash", { ...CONFIG, apps: [{ ...APP, service: "notes" }] }],
];
for (const [what, config] of broken) {
  test(`a config with ${what} is refused`, () => {
    assert.instance(thrownBy(() => parseKeyConfig(config)), TypeError);
  });
}

const parent = {};

/** The frame's window in the app's page. */
function framed(parts: Partial<FramedWindow> = {}, above?: string[]): FramedWindow {
  const location = { origin: "https://keys.example", ancestorOrigins: above };
  return { parent, top: parent, location, ...parts };
}

test("the page around the frame is known by its origin, with or without a list of ancestors", () => {
  const event = { origin: APP.origin, source: parent };
  assert.equal(embeddingApp(CONFIG, event, framed()), APP);
  assert.equal(embeddingApp(CONFIG, event, framed({}, [APP.origin])), APP);
});

const refused: [who: string, event: { origin?: string; source?: unknown }, window: FramedWindow][] =
  [
    ["another site's page", { origin: "https://evil.example" }, framed()],
    ["a page whose origin begins alike", { origin: "https://a.example.evil.example" }, framed()],
    ["the same site without encryption", { origin: "http://a.example" }, framed()],
    ["a sandboxed page", { origin: "null" }, framed()],
    ["a window that is not around the frame", { source: {} }, framed()],
    ["an app's page in a page of somebody's", {}, framed({ top: {} })],
    [
      "an app's page in a page of somebody's, by the list",
      {},
      framed({}, [
        APP.origin,
        "https://evil.example",
      ]),
    ],
    ["a page that the list calls another", {}, framed({}, ["https://evil.example"])],
  ];
for (const [who, event, window] of refused) {
  test(`${who} is refused`, () => {
    const error = thrownBy(() =>
      embeddingApp(CONFIG, { origin: APP.origin, source: parent, ...event }, window)
    );
    assert.is(error.code, "wrong-origin");
  });
}

test("a window that opened the key's page is refused", () => {
  const window = framed();
  window.parent = window.top = window;
  const event = { origin: APP.origin, source: window };
  assert.is(thrownBy(() => embeddingApp(CONFIG, event, window)).code, "wrong-origin");
});

test("an app of the key's own origin is refused, also where the config names it", () => {
  const apps = [{ origin: "https://keys.example", service: "/" }];
  const event = { origin: "https://keys.example", source: parent };
  const error = thrownBy(() => embeddingApp({ ...CONFIG, apps }, event, framed()));
  assert.is(error.code, "wrong-origin");
});

function head(target: string, headers: HeaderField[] = []): Uint8Array {
  return encodeHead({ method: "POST", target, headers, body: true });
}

test("a request of the app's service names the service, however it named another", () => {
  const headers: HeaderField[] = [["a", "1"], [SERVICE, "/other"], ["Lighthouse-Service", "/"]];
  for (
    const target of ["/notes", "/notes?a=/b", "/notes/", "/notes/a/../b", "/.lighthouse/cookies"]
  ) {
    assert.equal(parseRequestHead(limitHead(head(target, headers), APP)), {
      method: "POST",
      target,
      headers: [["a", "1"], [SERVICE, "/notes"]],
      body: true,
    });
  }
});

test("a WebSocket stays one", () => {
  const socket = encodeHead({
    method: "GET",
    target: "/notes/live",
    headers: [],
    body: true,
    upgrade: "websocket",
  });
  assert.is(parseRequestHead(limitHead(socket, APP)).upgrade, "websocket");
});

for (
  const target of ["/", "/other", "/notes2", "/Notes/", "//notes/", "/n%6ftes/", "/.lighthouse"]
) {
  test(`a request for ${target} is refused`, () => {
    assert.is(thrownBy(() => limitHead(head(target), APP)).code, "no-access");
  });
}

test("an app at the root reaches any path, and the host looks whose that is", () => {
  const app = { ...APP, service: "/" };
  const limited = parseRequestHead(limitHead(head("/notes/a"), app));
  assert.equal(limited.headers, [[SERVICE, "/"]]);
});

const lines = (...targets: unknown[]) =>
  encodeURIComponent(JSON.stringify(targets.map((target) => [target, "a=1"])));
const cookies: [what: string, code: string | undefined, field: HeaderField][] = [
  ["its own document", undefined, [FROM, "/notes/a"]],
  ["another's document", "no-access", [FROM, "/other/a"]],
  ["another's document in capitals", "no-access", ["Lighthouse-From", "/other/a"]],
  ["its own lines", undefined, [SET_COOKIE, lines("/notes/a", "/notes")]],
  ["another's line among its own", "no-access", [SET_COOKIE, lines("/notes/a", "/other")]],
  ["a line of no document", "bad-request", [SET_COOKIE, lines(null)]],
  ["lines that are none", "bad-request", [SET_COOKIE, "%"]],
];
for (const [what, code, field] of cookies) {
  test(`a request about the cookies of ${what} is ${code ? "refused" : "sent"}`, () => {
    const limit = () => limitHead(head("/notes/", [field]), APP);
    if (code) assert.is(thrownBy(limit).code, code);
    else assert.equal(parseRequestHead(limit()).headers[0], field);
  });
}

test("a stream that is no request is refused: an offer would add a connection to the session", () => {
  const offer = new TextEncoder().encode("v=0\r\n");
  assert.is(thrownBy(() => limitHead(offer, APP)).code, "bad-request");
});

test.run();
