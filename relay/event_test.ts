import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { parseAddress, parseEvent } from "./event.ts";
import { connectEvent, disconnectEvent, messageEvent } from "./testing/events.ts";

const test = suite("event");

test("parseEvent() reads $connect with its origin", () => {
  assert.equal(parseEvent(connectEvent({ Origin: "https://you.github.io" })), {
    kind: "connect",
    connectionId: "page=",
    origin: "https://you.github.io",
    protocols: [""],
  });
});

for (const name of ["origin", "Origin", "ORIGIN"]) {
  test(`parseEvent() finds the header ${name}`, () => {
    assert.is(originOf(connectEvent({ [name]: "https://a.example" })), "https://a.example");
  });
}

for (
  const [what, event] of [
    ["no Origin", connectEvent({})],
    ["no headers", { ...connectEvent({}), headers: undefined }],
    ["headers that are null", { ...connectEvent({}), headers: null }],
    ["an Origin that is no string", { ...connectEvent({}), headers: { Origin: ["a"] } }],
    ["a header that only ends so", connectEvent({ "X-Origin": "https://a.example" })],
  ] as const
) {
  test(`parseEvent() reads $connect with ${what}`, () => {
    assert.is(originOf(event), undefined);
  });
}

test("parseEvent() keeps an Origin that is empty apart from one that is absent", () => {
  assert.is(originOf(connectEvent({ Origin: "" })), "");
});

test("parseEvent() reads $disconnect", () => {
  assert.equal(parseEvent(disconnectEvent()), {
    kind: "disconnect",
    connectionId: "page=",
  });
});

const several = {
  headers: { "Sec-WebSocket-Protocol": "lighthouse" },
  multiValueHeaders: { "sec-websocket-protocol": ["admit.pi", "lighthouse"] },
};
for (
  const [what, event, protocols] of [
    ["a list", connectEvent({ "Sec-WebSocket-Protocol": "lighthouse, admit.pi" }), [
      "lighthouse",
      "admit.pi",
    ]],
    ["a name in another case", connectEvent({ "SEC-WEBSOCKET-PROTOCOL": "a,b ,\tc" }), [
      "a",
      "b",
      "c",
    ]],
    ["several fields", { ...connectEvent({}), ...several }, ["admit.pi", "lighthouse"]],
    ["no single values", { ...connectEvent({}), ...several, headers: null }, [
      "admit.pi",
      "lighthouse",
    ]],
    ["no multiple values", { ...connectEvent({}), ...several, multiValueHeaders: undefined }, [
      "lighthouse",
    ]],
    ["none", connectEvent({}), [""]],
    ["a text of its own", connectEvent({ "Sec-WebSocket-Protocol": "ädmit.pi" }), ["ädmit.pi"]],
    ["far too many", connectEvent({ "Sec-WebSocket-Protocol": "lighthouse,".repeat(500) }), []],
    ["a huge one", connectEvent({ "Sec-WebSocket-Protocol": `admit.${"x".repeat(9000)}` }), []],
    ["values of another kind", { ...connectEvent({}), headers: { "Sec-WebSocket-Protocol": 7 } }, [
      "7",
    ]],
  ] as const
) {
  test(`parseEvent() reads subprotocols: ${what}`, () => {
    const read = parseEvent(event);
    assert.equal(read.kind === "connect" && [...new Set(read.protocols)], protocols);
  });
}

/** The origin of a `$connect`. */
function originOf(event: unknown): string | undefined {
  const read = parseEvent(event);
  if (read.kind !== "connect") throw new Error(`It is a ${read.kind}`);
  return read.origin;
}

test("parseEvent() reads a message with its sender", () => {
  assert.equal(parseEvent(messageEvent("page=", '{"a":1}')), {
    kind: "message",
    connectionId: "page=",
    body: '{"a":1}',
  });
});

test("parseEvent() reads a message of any route", () => {
  assert.equal(parseEvent(messageEvent("page=", "hello", "$default")), {
    kind: "message",
    connectionId: "page=",
    body: "hello",
  });
});

for (
  const [what, change] of [
    ["binary", { body: "AAEC", isBase64Encoded: true }],
    ["absent", { body: undefined }],
    ["null", { body: null }],
    ["an object", { body: { action: "sendSignal" } }],
  ] as const
) {
  test(`parseEvent() reads a message whose body is ${what} as one without text`, () => {
    assert.equal(parseEvent({ ...messageEvent("page=", ""), ...change }), {
      kind: "message",
      connectionId: "page=",
      body: undefined,
    });
  });
}

for (
  const [value, path] of [
    [undefined, "event: expected an object, got nothing"],
    [null, "event: expected an object, got null"],
    ["$connect", "event: expected an object, got a string"],
    [[], "event: expected an object, got an array"],
    [{}, "event.requestContext: expected an object, got nothing"],
    [{ requestContext: "$connect" }, "event.requestContext: expected an object, got a string"],
    [{ requestContext: {} }, "event.requestContext.routeKey: expected a string, got nothing"],
    [{ requestContext: { routeKey: "" } }, "event.requestContext.routeKey"],
    [{ requestContext: { routeKey: "$connect" } }, "event.requestContext.connectionId"],
    [{ requestContext: { routeKey: ["$connect"] } }, "event.requestContext.routeKey"],
    [{ requestContext: { routeKey: "sendSignal" } }, "event.requestContext.connectionId"],
    [
      { requestContext: { routeKey: "sendSignal", connectionId: "x".repeat(129) } },
      "event.requestContext.connectionId: expected 1 to 128 characters, got 129",
    ],
    // As of an HTTP API, and of a scheduled rule.
    [{ version: "2.0", requestContext: { http: { method: "GET" } } }, "routeKey"],
    [{ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} }, "requestContext"],
  ] as const
) {
  test(`parseEvent() refuses ${JSON.stringify(value)?.slice(0, 70)}`, () => {
    assert.throws(() => parseEvent(value), (error: Error) => {
      return error instanceof TypeError && error.message.includes(path);
    });
  });
}

test("parseAddress() reads where each event's gateway takes posts", () => {
  for (const event of [connectEvent({}), messageEvent("page=", "{}"), disconnectEvent()]) {
    assert.equal(parseAddress(event, "us-east-1"), {
      domainName: "abcdef1234.execute-api.us-east-1.amazonaws.com",
      stage: "prod",
    });
  }
});

const own = "abcdef1234.execute-api";
const domains: [domainName: string, region: string, host: string][] = [
  // A custom domain leads to the API's own host.
  ["ws.example.com", "us-east-1", `${own}.us-east-1.amazonaws.com`],
  ["ws.example.com", "eu-central-1", `${own}.eu-central-1.amazonaws.com`],
  ["ws.example.com", "us-gov-west-1", `${own}.us-gov-west-1.amazonaws.com`],
  ["ws.example.cn", "cn-north-1", `${own}.cn-north-1.amazonaws.com.cn`],
  ["ws.example.cn", "cn-northwest-1", `${own}.cn-northwest-1.amazonaws.com.cn`],
  ["ws.example.eu", "eusc-de-east-1", `${own}.eusc-de-east-1.amazonaws.eu`],
  ["execute-api.example.com", "us-east-1", `${own}.us-east-1.amazonaws.com`],
  ["ws.execute-api.example.com", "us-east-1", `${own}.us-east-1.amazonaws.com`],
  ["xabcdef1234.execute-api.example.com", "us-east-1", `${own}.us-east-1.amazonaws.com`],
  // The API's own host stays, in any partition.
  [`${own}.eu-west-1.amazonaws.com`, "us-east-1", `${own}.eu-west-1.amazonaws.com`],
  [`${own}.cn-north-1.amazonaws.com.cn`, "cn-north-1", `${own}.cn-north-1.amazonaws.com.cn`],
  [`${own}.us-east-1.api.aws`, "us-east-1", `${own}.us-east-1.api.aws`],
];
for (const [domainName, region, host] of domains) {
  test(`parseAddress() has posts of ${domainName} in ${region} go to ${host}`, () => {
    const requestContext = { domainName, stage: "prod", apiId: "abcdef1234" };
    assert.equal(parseAddress({ requestContext }, region), { domainName: host, stage: "prod" });
  });
}

test("parseAddress() reads the API's id from its own host where the event has none", () => {
  const requestContext = { domainName: `${own}.us-east-1.amazonaws.com`, stage: "prod" };
  assert.equal(parseAddress({ requestContext }, "us-east-1"), requestContext);
});

for (
  const [context, path] of [
    [{ stage: "prod" }, "event.requestContext.domainName: expected a string, got nothing"],
    [{ domainName: "a.example" }, "event.requestContext.stage: expected a string, got nothing"],
    [{ domainName: "", stage: "prod" }, "event.requestContext.domainName: expected 1 to 255"],
    [{ domainName: 7, stage: "prod" }, "event.requestContext.domainName"],
    [
      { domainName: "a.example", stage: "prod" },
      "event.requestContext.apiId: expected a string, got nothing",
    ],
    [
      { domainName: "a.example", stage: "prod", apiId: "evil.example/x" },
      "event.requestContext.apiId: expected letters and digits",
    ],
  ] as const
) {
  test(`parseAddress() refuses ${JSON.stringify(context)}`, () => {
    assert.throws(() => parseAddress({ requestContext: context }, "us-east-1"), (error: Error) => {
      return error instanceof TypeError && error.message.includes(path);
    });
  });
}

test.run();
