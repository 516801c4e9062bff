import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { LighthouseError } from "../../wire/mod.ts";
import { parseConfig, parsePage } from "./config.ts";
import type { Settings } from "./settings.ts";

const test = suite("config");

const GOOD: Settings = { relay: "wss://abc.example/prod", backend: "http://127.0.0.1:5000" };

test("parseConfig() needs the relay and the backend, and has defaults for the others", () => {
  assert.equal(parseConfig(GOOD), {
    relay: new URL("wss://abc.example/prod"),
    functionName: "SignalingRelay",
    region: undefined,
    registry: { kind: "lambda-env" },
    inspect: undefined,
    metrics: undefined,
    logLevel: "info",
    throttles: { connects: 200, messages: 10 },
    relayBudget: 0.01,
    earlyWait: 40,
    services: [{ prefix: "/", backend: new URL("http://127.0.0.1:5000/") }],
    ice: { iceServers: [{ urls: ["stun:stun.l.google.com:19302"] }] },
    public: [],
    iceServers: undefined,
    portMapping: true,
    quic: true,
  });
});

test("parseConfig() takes each setting from the environment, and flags before it", () => {
  const environment = {
    LIGHTHOUSE_RELAY: "ws://127.0.0.1:3001/prod",
    LIGHTHOUSE_BACKEND: "https://backend.example/api",
    LIGHTHOUSE_FUNCTION: "Relay2",
    LIGHTHOUSE_REGION: "eu-central-1",
    LIGHTHOUSE_STUN: "none",
    LIGHTHOUSE_PUBLIC: "/",
  };
  assert.equal(parseConfig({}, environment), {
    relay: new URL("ws://127.0.0.1:3001/prod"),
    functionName: "Relay2",
    region: "eu-central-1",
    registry: { kind: "lambda-env" },
    inspect: undefined,
    metrics: undefined,
    logLevel: "info",
    throttles: { connects: 200, messages: 10 },
    relayBudget: 0.01,
    earlyWait: 40,
    services: [{ prefix: "/", backend: new URL("https://backend.example/api") }],
    ice: { iceServers: [] },
    public: ["/"],
    iceServers: undefined,
    portMapping: true,
    quic: true,
  });
  const flags: Settings = {
    ...GOOD,
    function: "Relay1",
    region: "us-east-1",
    stun: "stun:a.example",
    public: [],
  };
  assert.equal(parseConfig(flags, environment), {
    relay: new URL("wss://abc.example/prod"),
    functionName: "Relay1",
    region: "us-east-1",
    registry: { kind: "lambda-env" },
    inspect: undefined,
    metrics: undefined,
    logLevel: "info",
    throttles: { connects: 200, messages: 10 },
    relayBudget: 0.01,
    earlyWait: 40,
    services: [{ prefix: "/", backend: new URL("http://127.0.0.1:5000/") }],
    ice: { iceServers: [{ urls: ["stun:a.example"] }] },
    public: [],
    iceServers: undefined,
    portMapping: true,
    quic: true,
  });
});

test("parseConfig() takes from the file what neither flags nor environment say", () => {
  const file: Settings = { ...GOOD, function: "OfFile", region: "eu-west-1", stun: "none" };
  const config = parseConfig({ function: "OfFlag" }, { LIGHTHOUSE_REGION: "us-east-2" }, file);
  assert.is(config.relay.href, "wss://abc.example/prod");
  assert.is(config.functionName, "OfFlag");
  assert.is(config.region, "us-east-2");
  assert.equal(config.ice.iceServers, []);
  assert.equal(config.services, [{ prefix: "/", backend: new URL("http://127.0.0.1:5000/") }]);
  const { services } = parseConfig({ service: ["/a=http://127.0.0.1:1"] }, {}, file);
  assert.equal(services.map(({ prefix }) => prefix), ["/a"]);
});

test("parseConfig() reads whether ports are mapped", () => {
  const isOn = (value: string) => parseConfig({ ...GOOD, "port-mapping": value }).portMapping;
  assert.is(isOn("on"), true);
  assert.is(isOn("off"), false);
  assert.throws(() => isOn("yes"), /--port-mapping is neither on nor off: yes/);
});

test("parseConfig() takes what is public where services lie under it", () => {
  const service = ["/notes=http://h", "/notes/open=http://h", "/files=http://h"];
  const publicOf = (prefixes: string[]) =>
    parseConfig({ ...GOOD, backend: undefined, service, public: prefixes }).public;
  for (const prefixes of [["/"], ["/notes"], ["/notes/open", "/files"]]) {
    assert.equal(publicOf(prefixes), prefixes);
  }
});

test("parsePage() reads where the page is, from flags, environment and file", () => {
  const environment = { LIGHTHOUSE_PAGE: "https://b.example/" };
  const file = { page: "https://c.example/" };
  assert.is(
    parsePage({ page: "https://a.example/x" }, environment, file)?.href,
    "https://a.example/x",
  );
  assert.is(parsePage({}, environment, file)?.href, "https://b.example/");
  assert.is(parsePage({}, {}, file)?.href, "https://c.example/");
  assert.is(parsePage({}), undefined);
  for (
    const page of ["a.example", "ftp://a.example", "https://me@a.example", "https://a.example/#x"]
  ) {
    assert.throws(() => parsePage({ page }), /--page/);
  }
});

test("parseConfig() takes a budget for the relay in dollars a day", () => {
  const budgetOf = (text: string) => parseConfig({ ...GOOD, "relay-budget": text }).relayBudget;
  const good = [["0", 0], ["0.05", 0.05], [".5", 0.5], ["1.", 1], ["100", 100]] as const;
  for (const [text, dollars] of good) assert.is(budgetOf(text), dollars);
  for (const text of ["-1", "1e3", "a cent", "0,01", "$1", "100.01", ".", "Infinity"]) {
    assert.throws(() => budgetOf(text), /--relay-budget is not an amount of dollars/);
  }
  assert.is(parseConfig(GOOD, { LIGHTHOUSE_RELAY_BUDGET: "0.2" }).relayBudget, 0.2);
});

test("parseConfig() takes a wait for the first answers in milliseconds", () => {
  const waitOf = (text: string) => parseConfig({ ...GOOD, "early-wait": text }).earlyWait;
  for (const [text, ms] of [["0", 0], ["40", 40], ["1000", 1000]] as const) {
    assert.is(waitOf(text), ms);
  }
  for (const text of ["-1", "1.5", "40 ms", "1001", "", "1e2"]) {
    assert.throws(() => waitOf(text), /--early-wait is not a time in milliseconds/);
  }
});

test("parseConfig() takes an empty variable for one that is not set", () => {
  const config = parseConfig(GOOD, { LIGHTHOUSE_REGION: "", LIGHTHOUSE_FUNCTION: "" });
  assert.is(config.region, undefined);
  assert.is(config.functionName, "SignalingRelay");
});

/** As a stack with the S3 registry has it. */
const S3: Settings = { registry: "s3", bucket: "lighthouse-registry-1a2b", region: "us-east-1" };

test("parseConfig() takes a bucket and a host's name, which is laptop by default", () => {
  const bucket = S3.bucket!;
  assert.equal(parseConfig({ ...GOOD, ...S3 }).registry, {
    kind: "s3",
    bucket,
    host: "laptop",
  });
  const environment = { LIGHTHOUSE_HOST: "pi", LIGHTHOUSE_BUCKET: "of-environment" };
  const config = parseConfig(GOOD, environment, S3);
  assert.equal(config.registry, { kind: "s3", bucket: "of-environment", host: "pi" });
  assert.equal(parseConfig({ ...GOOD, registry: "lambda-env" }).registry, { kind: "lambda-env" });
  const ofRelay = parseConfig({ ...GOOD, registry: "relay", host: "pi" });
  assert.equal(ofRelay.registry, { kind: "relay", host: "pi" });
});

const good: Settings[] = [
  { relay: "ws://localhost:3001" },
  { function: "arn:aws:lambda:us-east-1:123456789012:function:Signaling_Relay-2" },
  { region: "us-gov-west-1" },
  { region: "ap-southeast-2" },
  { stun: "stun:a.example:3478 stun:[2001:db8::1]:3478,stun:192.0.2.1" },
];
for (const settings of good) {
  test(`parseConfig() takes ${JSON.stringify(settings)}`, () => {
    parseConfig({ ...GOOD, ...settings });
  });
}

const bad: [settings: Settings, message: RegExp][] = [
  [
    { relay: undefined },
    /--relay is missing: run lighthouse-host setup or init, give --relay wss:\/\/…\/prod, or set LIGHTHOUSE_RELAY/,
  ],
  [{ relay: "" }, /--relay is missing/],
  [
    { relay: "abc.example/prod" },
    /--relay is not a URL such as wss:\/\/…\/prod: abc.example\/prod/,
  ],
  [{ relay: "https://abc.example/prod" }, /--relay is not a URL such as/],
  [{ relay: "wss://abc.example/prod?token=1" }, /--relay must not have a query/],
  [{ relay: "wss://abc.example/prod#1" }, /--relay must not have a query or a fragment/],
  [{ relay: "wss://me@abc.example/prod" }, /--relay must not hold a user name/],
  [{ backend: "localhost" }, /--backend is not a URL/],
  [{ service: ["/a"] }, /--service/],
  [{ function: "Signaling Relay" }, /--function is not the name or ARN of a Lambda/],
  [{ function: "" }, /--function is not the name/],
  [{ function: "../other" }, /--function is not the name/],
  [{ function: "x".repeat(141) }, /--function is not the name/],
  [{ region: "Frankfurt" }, /--region is not an AWS region such as us-east-1: Frankfurt/],
  [{ region: "us-east" }, /--region is not/],
  [{ region: "us-east-1.evil.example" }, /--region is not/],
  [{ registry: "dynamodb" }, /--registry is none of lambda-env, s3 and relay: dynamodb/],
  [{ bucket: "b" }, /--bucket is for --registry s3/],
  [{ registry: "relay", bucket: "b" }, /--bucket is for --registry s3/],
  [{ registry: "lambda-env", host: "pi" }, /--host is for --registry s3 and relay/],
  [{ ...S3, bucket: undefined }, /--bucket is missing/],
  [{ ...S3, region: undefined }, /--region is missing: --registry s3 needs it/],
  [{ ...S3, bucket: "a.b" }, /--bucket is not the name of a bucket: a.b/],
  [{ ...S3, bucket: "x/../y" }, /--bucket is not the name/],
  [{ ...S3, host: "Pi" }, /--host is not 1 to 32 of a to z/],
  [{ ...S3, host: "../a" }, /--host is not/],
  [{ public: ["notes"] }, /--public notes is no path of a service/],
  [{ public: ["/notes/"] }, /--public \/notes\/ is no path/],
  [{ public: ["/notes"] }, /--public \/notes is for no service. There is: \//],
  [{ stun: "turn:a.example" }, /"turn:a.example" as a STUN server/],
  [{ stun: "none stun:a.example" }, /"none" as a STUN server/],
  [{ stun: "stun:a.example:0" }, /as a STUN server/],
  [{ stun: "stun:a.example ".repeat(9) }, /Cannot use 9 STUN servers/],
];
for (const [settings, message] of bad) {
  test(`parseConfig() refuses ${JSON.stringify(settings)}`, () => {
    try {
      parseConfig({ ...GOOD, ...settings });
    } catch (error) {
      assert.instance(error, LighthouseError);
      assert.is((error as LighthouseError).code, "bad-config");
      assert.match((error as LighthouseError).message, message);
      return;
    }
    assert.unreachable("it was taken");
  });
}

test.run();
