import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { DEFAULT_STUN, formatStunServers, parseStunServers } from "./ice.ts";
import { thrownBy } from "./testing/failure.ts";

const test = suite("ice");

for (
  const [text, servers] of [
    ["", [DEFAULT_STUN]],
    ["  ", [DEFAULT_STUN]],
    ["none", []],
    ["stun:a.example:3478", ["stun:a.example:3478"]],
    ["stun:a.example", ["stun:a.example"]],
    ["STUN:a.example:1", ["STUN:a.example:1"]],
    ["stun:192.0.2.1:65535", ["stun:192.0.2.1:65535"]],
    ["stun:[2001:db8::1]:19302", ["stun:[2001:db8::1]:19302"]],
    ["stun:[::ffff:192.0.2.1]", ["stun:[::ffff:192.0.2.1]"]],
    ["stun:a:1, stun:b:2\n stun:c:3,", ["stun:a:1", "stun:b:2", "stun:c:3"]],
    [Array(8).fill("stun:a").join(" "), Array(8).fill("stun:a")],
  ] as const
) {
  test(`parseStunServers() reads ${JSON.stringify(text)}`, () => {
    assert.equal(parseStunServers(text), servers.map((server) => ({ urls: [server] })));
  });
}

test("the default STUN server is one that parseStunServers() takes", () => {
  assert.equal(parseStunServers(DEFAULT_STUN), [{ urls: [DEFAULT_STUN] }]);
});

test("formatStunServers() writes what parseStunServers() reads", () => {
  for (const text of ["none", "stun:a.example:3478", "stun:a.example stun:[2001:db8::1]:3478"]) {
    assert.is(formatStunServers(parseStunServers(text)), text);
  }
});

for (
  const text of [
    "a.example:3478",
    "turn:a.example:3478",
    "stun:",
    "stun:a.example:",
    "stun:a.example:0",
    "stun:a.example:65536",
    "stun:a.example:123456",
    "stun:a.example:port",
    "stun:2001:db8::1",
    "stun://a.example",
    "stun:user@a.example",
    "stun:a.example?transport=tcp",
    "none stun:a.example",
    "stun:a.example none",
    Array(9).fill("stun:a").join(" "),
  ]
) {
  test(`parseStunServers() refuses ${JSON.stringify(text)}`, () => {
    const error = thrownBy(() => parseStunServers(text));
    assert.is(error.code, "bad-config");
  });
}

test("parseStunServers() names the server that is wrong", () => {
  const error = thrownBy(() => parseStunServers("stun:a.example stun:b.example:0"));
  assert.match(error.message, '"stun:b.example:0"');
});

test.run();
