import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import {
  DEFAULT_STUN,
  formatStunServers,
  parseIceServers,
  parseIceUrl,
  parseStunServers,
} from "./ice.ts";
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

for (
  const [url, scheme, host, port, transport] of [
    ["stun:a.example", "stun", "a.example", 3478, "udp"],
    ["turn:a.example", "turn", "a.example", 3478, "udp"],
    ["turn:a.example:80?transport=udp", "turn", "a.example", 80, "udp"],
    ["TURN:192.0.2.1:443?transport=TCP", "turn", "192.0.2.1", 443, "tcp"],
    ["turns:a.example", "turns", "a.example", 5349, "tls"],
    ["turns:a.example:443?transport=tcp", "turns", "a.example", 443, "tls"],
    ["turn:[2001:db8::1]:3478?transport=tcp", "turn", "2001:db8::1", 3478, "tcp"],
  ] as const
) {
  test(`parseIceUrl() reads ${url}`, () => {
    assert.equal(parseIceUrl(url), { scheme, host, port, transport });
  });
}

for (
  const url of [
    "",
    "turn:",
    "turn:a:0",
    "turn:a:65536",
    "turn:u:p@a.example",
    "turn:a?transport=tls",
    "turn:a?transport=tcp&x=1",
    "turns:a?transport=udp",
    "stuns:a",
    "turn://a.example",
    "https://a.example",
    "turn:a b",
  ]
) {
  test(`parseIceUrl() refuses ${JSON.stringify(url)}`, () => {
    assert.is(parseIceUrl(url), undefined);
  });
}

test("parseIceServers() reads servers as RTCPeerConnection takes them, and drops other members", () => {
  const turn = { urls: ["turn:a", "turns:a:443"], username: "u", credential: "p", expires: 5 };
  assert.equal(
    parseIceServers([{ urls: "stun:a" }, { ...turn, credentialType: "password" }], "list"),
    [{ urls: ["stun:a"] }, turn],
  );
});

const WITH = { username: "u", credential: "p" };

for (
  const [what, value, message] of [
    ["an object", {}, /list: expected a list of 1 to 8/],
    ["an empty list", [], /list: expected a list of 1 to 8/],
    ["nine servers", Array(9).fill({ urls: "stun:a" }), /list: expected a list of 1 to 8/],
    ["nine URLs", [{ urls: Array(9).fill("stun:a") }], /list\[0\]\.urls: expected a list/],
    ["no URL", [{ ...WITH }], /list\[0\]\.urls: expected a list/],
    ["a web URL", [{ urls: "https://a", ...WITH }], /list\[0\]\.urls: .*got "https:\/\/a"/],
    ["TURN without a user", [{ urls: "turn:a", credential: "p" }], /list\[0\]\.username/],
    ["TURN without a credential", [{ urls: ["stun:a", "turn:a"], username: "u" }], /\.credential/],
    ["a long user", [{ urls: "turn:a", username: "u".repeat(510), credential: "p" }], /1 to 509/],
    ["a number as credential", [{ urls: "turn:a", username: "u", credential: 1 }], /\.credential/],
  ] as [string, unknown, RegExp][]
) {
  test(`parseIceServers() refuses ${what}`, () => {
    assert.throws(() => parseIceServers(value, "list"), message);
  });
}

test.run();
