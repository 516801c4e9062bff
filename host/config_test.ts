import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { LighthouseError } from "../wire/mod.ts";
import { parseConfig, type Settings } from "./config.ts";

const test = suite("config");

const GOOD: Settings = { relay: "wss://abc.example/prod", backend: "http://127.0.0.1:5000" };

test("parseConfig() needs the relay and the backend, and has defaults for the others", () => {
  assert.equal(parseConfig(GOOD), {
    relay: new URL("wss://abc.example/prod"),
    functionName: "SignalingRelay",
    region: undefined,
    backend: new URL("http://127.0.0.1:5000/"),
    stun: ["stun:stun.l.google.com:19302"],
  });
});

test("parseConfig() takes each setting from the environment, and flags before it", () => {
  const environment = {
    LIGHTHOUSE_RELAY: "ws://127.0.0.1:3001/prod",
    LIGHTHOUSE_BACKEND: "https://backend.example/api",
    LIGHTHOUSE_FUNCTION: "Relay2",
    LIGHTHOUSE_REGION: "eu-central-1",
    LIGHTHOUSE_STUN: "none",
  };
  assert.equal(parseConfig({}, environment), {
    relay: new URL("ws://127.0.0.1:3001/prod"),
    functionName: "Relay2",
    region: "eu-central-1",
    backend: new URL("https://backend.example/api"),
    stun: [],
  });
  const flags: Settings = {
    ...GOOD,
    function: "Relay1",
    region: "us-east-1",
    stun: "stun:a.example",
  };
  assert.equal(parseConfig(flags, environment), {
    relay: new URL("wss://abc.example/prod"),
    functionName: "Relay1",
    region: "us-east-1",
    backend: new URL("http://127.0.0.1:5000/"),
    stun: ["stun:a.example"],
  });
});

test("parseConfig() takes an empty variable for one that is not set", () => {
  const config = parseConfig(GOOD, { LIGHTHOUSE_REGION: "", LIGHTHOUSE_FUNCTION: "" });
  assert.is(config.region, undefined);
  assert.is(config.functionName, "SignalingRelay");
});

const good: Settings[] = [
  { relay: "ws://localhost:3001" },
  { backend: "https://backend.example:8443/under/a/path/" },
  { backend: "http://[::1]:5000" },
  { backend: "http://127.0.0.1:5000/@scope/" },
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
    /--relay is missing: give --relay wss:\/\/…\/prod, or set LIGHTHOUSE_RELAY/,
  ],
  [{ relay: "" }, /--relay is missing/],
  [{ backend: undefined }, /--backend is missing: .*LIGHTHOUSE_BACKEND/],
  [
    { relay: "abc.example/prod" },
    /--relay is not a URL such as wss:\/\/…\/prod: abc.example\/prod/,
  ],
  [{ relay: "https://abc.example/prod" }, /--relay is not a URL such as/],
  [{ relay: "wss://abc.example/prod?token=1" }, /--relay must not have a query/],
  [{ relay: "wss://abc.example/prod#1" }, /--relay must not have a query or a fragment/],
  [{ relay: "wss://me@abc.example/prod" }, /--relay must not hold a user name/],
  [{ backend: "5000" }, /--backend is not a URL such as http:\/\/127.0.0.1:5000: 5000/],
  [{ backend: "127.0.0.1:5000" }, /--backend is not a URL/],
  [{ backend: "ws://127.0.0.1:5000" }, /--backend is not a URL/],
  [{ backend: "file:///etc/passwd" }, /--backend is not a URL/],
  [{ backend: "http://127.0.0.1:99999" }, /--backend is not a URL/],
  [{ backend: "http://:secret@127.0.0.1" }, /--backend must not hold a user name or a password/],
  [{ backend: "http://127.0.0.1/?a" }, /--backend must not have a query/],
  [{ function: "Signaling Relay" }, /--function is not the name or ARN of a Lambda/],
  [{ function: "" }, /--function is not the name/],
  [{ function: "../other" }, /--function is not the name/],
  [{ function: "x".repeat(141) }, /--function is not the name/],
  [{ region: "Frankfurt" }, /--region is not an AWS region such as us-east-1: Frankfurt/],
  [{ region: "us-east" }, /--region is not/],
  [{ region: "us-east-1.evil.example" }, /--region is not/],
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

const secret = [
  "http://user:hunter2@127.0.0.1:5000",
  "http://user:hunter2@127.0.0.1:99999",
  "ftp://user:hunter2@127.0.0.1",
  "user:hunter2@127.0.0.1",
  "http://127.0.0.1?token=hunter2",
  "ftp://127.0.0.1#hunter2",
];
for (const backend of secret) {
  test(`parseConfig() does not repeat the secret in ${backend}`, () => {
    try {
      parseConfig({ ...GOOD, backend });
    } catch (error) {
      assert.not.match((error as Error).message, "hunter2");
      return;
    }
    assert.unreachable("it was taken");
  });
}

test.run();
