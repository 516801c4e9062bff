import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { thrownBy } from "../testing/failure.ts";
import {
  formatSendSignal,
  MAX_MESSAGE_BYTES,
  ME,
  parseRelayMessage,
  parseSendSignal,
  SEND_SIGNAL,
} from "./envelope.ts";

const test = suite("envelope");

test("formatSendSignal() writes the route's action, the receiver and the data", () => {
  assert.equal(JSON.parse(formatSendSignal({ to: ME, data: { a: 1 } })), {
    action: SEND_SIGNAL,
    to: ME,
    data: { a: 1 },
  });
});

test("formatSendSignal() leaves out a receiver that is undefined", () => {
  assert.is(formatSendSignal({ data: 1 }), '{"action":"sendSignal","data":1}');
  assert.is(formatSendSignal({ data: 1 }, "hostSignal"), '{"action":"hostSignal","data":1}');
});

for (
  const [text, signal] of [
    ['{"action":"sendSignal","data":{}}', { to: undefined, data: {} }],
    ['{"action":"sendSignal","to":"me","data":[1]}', { to: "me", data: [1] }],
    ['{"action":"sendSignal","to":"L0SM9cOFvHcCIhw=","data":"x"}', {
      to: "L0SM9cOFvHcCIhw=",
      data: "x",
    }],
    ['{"action":"sendSignal","host":"pi-2","data":0}', { to: undefined, host: "pi-2", data: 0 }],
    ['{"action":"sendSignal","data":0}', { to: undefined, data: 0 }],
    ['{"action":"hostSignal","data":0}', { to: undefined, data: 0 }],
    ['{"action":"sendSignal","data":false}', { to: undefined, data: false }],
    ['{"action":"sendSignal","from":"somebody","data":1}', { to: undefined, data: 1 }],
    [' {"data" : 1, "action" : "sendSignal"}\n', { to: undefined, data: 1 }],
  ] as const
) {
  test(`parseSendSignal() reads ${text}`, () => {
    assert.equal(parseSendSignal(text), { host: undefined, ...signal });
  });
}

for (
  const [text, message] of [
    ["", "it is not JSON"],
    ["hello", "it is not JSON"],
    ['{"action":"sendSignal","data":1', "it is not JSON"],
    ["[".repeat(10_000), "it is not JSON"],
    ["null", "the message: expected an object, got null"],
    ["7", "the message: expected an object, got a number"],
    ['"sendSignal"', "the message: expected an object, got a string"],
    ['[{"action":"sendSignal","data":1}]', "the message: expected an object, got an array"],
    ["{}", 'action: expected "sendSignal"'],
    ['{"data":1}', 'action: expected "sendSignal"'],
    ['{"action":"toString","data":1}', 'action: expected "sendSignal"'],
    ['{"action":["sendSignal"],"data":1}', 'action: expected "sendSignal"'],
    ['{"action":"sendSignal"}', "data: it is missing"],
    ...[`7`, `""`, `"Pi"`, `"-pi"`, `"pi-"`, `"../x"`, `"${"a".repeat(33)}"`].map((host) =>
      [
        `{"action":"sendSignal","host":${host},"data":1}`,
        "host: expected 1 to 32 of a to z",
      ] as const
    ),
    ['{"action":"sendSignal","data":null}', "data: it is missing"],
    ['{"action":"sendSignal","to":null,"data":1}', "to: expected a string, got null"],
    ['{"action":"sendSignal","to":1,"data":1}', "to: expected a string, got a number"],
    ['{"action":"sendSignal","to":"","data":1}', "to: expected 1 to 128 characters, got 0"],
    [`{"action":"sendSignal","to":"${"x".repeat(129)}","data":1}`, "to: expected 1 to 128"],
    ['{"action":"sendSignal","to":"..","data":1}', "to: expected a connectionId"],
    ['{"action":"sendSignal","to":"a/b c","data":1}', "to: expected a connectionId"],
  ] as const
) {
  test(`parseSendSignal() refuses ${text.slice(0, 60) || "nothing"}`, () => {
    const error = thrownBy(() => parseSendSignal(text));
    assert.is(error.code, "bad-message");
    assert.match(error.message, message);
  });
}

for (const character of ["x", "é", "€", "😀"]) {
  test(`parseSendSignal() counts bytes of UTF-8, with data of ${character}`, () => {
    const [head, tail] = ['{"action":"sendSignal","data":"', '"}'];
    const size = new TextEncoder().encode(character).length;
    const count = Math.floor((MAX_MESSAGE_BYTES - head.length - tail.length) / size);
    const padding = " ".repeat(MAX_MESSAGE_BYTES - head.length - tail.length - count * size);
    const text = head + character.repeat(count) + tail + padding;

    assert.equal(parseSendSignal(text).data, character.repeat(count));
    const error = thrownBy(() => parseSendSignal(`${text} `));
    assert.is(error.code, "too-large");
    assert.match(error.message, "32001 bytes are more than 32000");
  });
}

for (
  const [text, message] of [
    ['{"from":"abc=","data":{"type":"offer"}}', {
      kind: "signal",
      from: "abc=",
      data: { type: "offer" },
    }],
    ['{"data":null}', { kind: "signal", from: undefined, data: null }],
    [`{"error":{"code":"closed","message":"${"x".repeat(1025)}"}}`, {
      kind: "error",
      code: "closed",
      message: "x".repeat(1024),
      to: undefined,
    }],
    ['{"error":{"code":"closed"}}', { kind: "error", code: "closed", message: "", to: undefined }],
    ['{"error":{"code":"peer-gone","message":"Gone","to":"abc="}}', {
      kind: "error",
      code: "peer-gone",
      message: "Gone",
      to: "abc=",
    }],
    ['{"error":{"code":"of-tomorrow","message":"New","to":1}}', {
      kind: "error",
      code: "relay-failed",
      message: "New",
      to: undefined,
    }],
    ['{"message":"Forbidden","connectionId":"abc=","requestId":"def="}', {
      kind: "error",
      code: "relay-failed",
      message: 'API Gateway answered "Forbidden"',
    }],
    ['{"message": "Internal server error", "connectionId":"abc=", "requestId":"def="}', {
      kind: "error",
      code: "relay-failed",
      message: 'API Gateway answered "Internal server error"',
    }],
    ['{"message":"not the gateway\'s","data":1}', { kind: "signal", from: undefined, data: 1 }],
  ] as const
) {
  test(`parseRelayMessage() reads ${text}`, () => {
    assert.equal(parseRelayMessage(text), message);
  });
}

for (
  const [text, message] of [
    ["", "it is not JSON"],
    ["<html>", "it is not JSON"],
    ["[".repeat(10_000), "it is not JSON"],
    ["[]", "the relay's message: expected an object, got an array"],
    ["{}", "data: it is missing"],
    ['{"from":"abc="}', "data: it is missing"],
    ['{"from":7,"data":1}', "from: expected a string, got a number"],
    ['{"from":null,"data":1}', "from: expected a string, got null"],
    ['{"error":"no"}', "error: expected an object, got a string"],
    ['{"error":null}', "error: expected an object, got null"],
  ] as const
) {
  test(`parseRelayMessage() refuses ${text.slice(0, 60) || "nothing"}`, () => {
    const error = thrownBy(() => parseRelayMessage(text));
    assert.is(error.code, "bad-message");
    assert.match(error.message, message);
  });
}

test.run();
