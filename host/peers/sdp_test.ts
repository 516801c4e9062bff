import * as assert from "uvu/assert";
import { seededRandom } from "../../tools/testing/random.ts";
import { suite } from "../../tools/testing/suite.ts";
import { LighthouseError } from "../../wire/mod.ts";
import { CHROMIUM_OFFER, FIREFOX_OFFER, mutate } from "../testing/offers.ts";
import { addMappedPort, formatOffer, type Offer, parseOffer } from "./sdp.ts";

const test = suite("sdp");

/** What parseOffer() throws. */
function refusal(sdp: string): LighthouseError {
  try {
    parseOffer(sdp);
  } catch (error) {
    assert.instance(error, LighthouseError);
    return error as LighthouseError;
  }
  return assert.unreachable(`took ${sdp}`) as never;
}

/** The Chromium offer with the line that starts so replaced by others. */
function withLine(start: string, ...lines: string[]): string {
  const all = CHROMIUM_OFFER.split("\r\n");
  const at = all.findIndex((line) => line.startsWith(start));
  assert.ok(at >= 0, `there is a line ${start}`);
  all.splice(at, 1, ...lines);
  return all.join("\r\n");
}

function withCandidate(...candidates: string[]): string {
  return withLine("a=ice-options", ...candidates.map((value) => `a=candidate:${value}`));
}

test("parseOffer() reads Chromium's offer, without its TCP candidate", () => {
  const offer = parseOffer(CHROMIUM_OFFER);
  const { candidates, ...rest } = offer;
  assert.equal(rest, {
    ufrag: "8Lq/",
    password: "xV2kN7+QdTz4mJb9RyA1cWfe",
    fingerprint:
      "5B:0E:9A:41:D7:33:C2:8F:16:64:A9:0D:7E:F1:52:B8:2C:90:E6:4D:3A:75:1F:CB:88:07:5D:AE:F4:29:63:10",
    mid: "0",
    sctpPort: 5000,
    maxMessageSize: 262144,
  });
  assert.equal(candidates.map(({ type, address, port }) => [type, address, port]), [
    ["host", "3f1c9d70-8a52-4c0e-9b1d-6e57a4d2c8b3.local", 51430],
    ["host", "b6d0f2aa-41c7-4f7e-8f3b-0c9a5e1d7724.local", 40912],
    ["srflx", "203.0.113.7", 51430],
    ["srflx", "2001:db8:85a3::8a2e:370:7334", 40912],
  ]);
  assert.equal(candidates[2], {
    foundation: "842163049",
    priority: 1677729535,
    address: "203.0.113.7",
    port: 51430,
    type: "srflx",
  });
});

test("parseOffer() reads Firefox's offer, whose fingerprint is the session's", () => {
  const offer = parseOffer(FIREFOX_OFFER);
  assert.is(offer.ufrag, "5b9e02d7");
  assert.is(offer.password, "c41f0d8be7a35296d0e4b817f92a6c53");
  assert.is(offer.maxMessageSize, 1073741823);
  assert.equal(offer.candidates.map(({ type }) => type), ["host", "srflx", "relay"]);
});

test("parseOffer() reads lines that end with LF alone", () => {
  assert.equal(parseOffer(CHROMIUM_OFFER.replaceAll("\r\n", "\n")), parseOffer(CHROMIUM_OFFER));
});

const equalBut: [what: string, sdp: string, difference: Partial<Offer>][] = [
  [
    "a fingerprint in lower case",
    CHROMIUM_OFFER.replace(/5B:0E.*/, (hex) => hex.toLowerCase()),
    {},
  ],
  [
    "hashes other than SHA-256 besides, as aiortc sends them",
    CHROMIUM_OFFER.replace(
      "a=setup",
      "a=fingerprint:sha-384 AB:CD\r\na=fingerprint:sha-512 EF\r\na=setup",
    ),
    {},
  ],
  [
    "a certificate that several hashes name",
    withLine("t=0 0", "a=fingerprint:sha-1 00:11", "a=fingerprint:sha-512 22:33"),
    {},
  ],
  ["the same line twice", withLine("a=ice-ufrag", "a=ice-ufrag:8Lq/", "a=ice-ufrag:8Lq/"), {}],
  ["an unknown attribute", withLine("a=ice-options", "a=tls-id:9f0c", "b=AS:30"), {}],
  ["a user name of 4", withLine("a=ice-ufrag", "a=ice-ufrag:abc+"), { ufrag: "abc+" }],
  ["a user name of 256", withLine("a=ice-ufrag", `a=ice-ufrag:${"u".repeat(256)}`), {
    ufrag: "u".repeat(256),
  }],
  ["a password of 22", withLine("a=ice-pwd", `a=ice-pwd:${"p".repeat(22)}`), {
    password: "p".repeat(22),
  }],
  ["no max-message-size, which means 65,536", withLine("a=max-message-size"), {
    maxMessageSize: 65536,
  }],
  ["a max-message-size of 65,536", withLine("a=max-message-size", "a=max-message-size:65536"), {
    maxMessageSize: 65536,
  }],
  [
    "a max-message-size of 0, without limit",
    withLine("a=max-message-size", "a=max-message-size:0"),
    {
      maxMessageSize: 0,
    },
  ],
  ["another name of the section", withLine("a=mid", "a=mid:data_1"), { mid: "data_1" }],
  ["an sctp-port of 65535", withLine("a=sctp-port", "a=sctp-port:65535"), { sctpPort: 65535 }],
];
for (const [what, sdp, difference] of equalBut) {
  test(`parseOffer() takes ${what}`, () => {
    assert.equal(parseOffer(sdp), { ...parseOffer(CHROMIUM_OFFER), ...difference });
  });
}

const refused: [what: string, sdp: string, why: RegExp][] = [
  ["nothing", "", /start with v=0/],
  ["prose", "hello", /start with v=0/],
  ["another version", withLine("v=0", "v=1"), /start with v=0/],
  ["a first line that is not v=0", `a=x\r\n${CHROMIUM_OFFER}`, /start with v=0/],
  ["no section", withLine("m=application"), /one section/],
  ["two sections", withLine("t=0 0", "m=audio 9 UDP/TLS/RTP/SAVPF 111"), /one section/],
  ["a video section", withLine("m=", "m=video 9 UDP/TLS/RTP/SAVPF 96"), /one section/],
  [
    "SCTP over DTLS over TCP",
    withLine("m=", "m=application 9 TCP/DTLS/SCTP webrtc-datachannel"),
    /one section/,
  ],
  ["the old form of a section", withLine("m=", "m=application 9 DTLS/SCTP 5000"), /one section/],
  ["257 lines", withLine("a=mid", "a=mid:0", ...Array(257).fill("a=x:y")), /more than 256 lines/],
  ["no a=setup", withLine("a=setup"), /no a=setup line/],
  ["a=setup:active", withLine("a=setup", "a=setup:active"), /a=setup is not actpass/],
  ["a=setup:holdconn", withLine("a=setup", "a=setup:holdconn"), /a=setup is not actpass/],
  ["no user name", withLine("a=ice-ufrag"), /no a=ice-ufrag line/],
  ["an empty user name", withLine("a=ice-ufrag", "a=ice-ufrag:"), /a=ice-ufrag is not 4 to 256/],
  [
    "a user name of 3 characters",
    withLine("a=ice-ufrag", "a=ice-ufrag:abc"),
    /a=ice-ufrag is not 4/,
  ],
  [
    "a user name of 257 characters",
    withLine("a=ice-ufrag", `a=ice-ufrag:${"u".repeat(257)}`),
    /a=ice-ufrag is not/,
  ],
  ["a user name with a hyphen", withLine("a=ice-ufrag", "a=ice-ufrag:ab-cd"), /a=ice-ufrag is not/],
  ["a user name with a space", withLine("a=ice-ufrag", "a=ice-ufrag:ab cd"), /a=ice-ufrag is not/],
  ["a user name with a NUL", withLine("a=ice-ufrag", "a=ice-ufrag:ab\0cd"), /a=ice-ufrag is not/],
  [
    "a user name with a bare CR",
    withLine("a=ice-ufrag", "a=ice-ufrag:abcd\rx"),
    /a=ice-ufrag is not/,
  ],
  [
    "a user name with a letter beyond ASCII",
    withLine("a=ice-ufrag", "a=ice-ufrag:äbcd"),
    /a=ice-ufrag is not/,
  ],
  [
    "two user names",
    withLine("a=ice-ufrag", "a=ice-ufrag:abcd", "a=ice-ufrag:efgh"),
    /several a=ice-ufrag/,
  ],
  ["no password", withLine("a=ice-pwd"), /no a=ice-pwd line/],
  [
    "a password of 21 characters",
    withLine("a=ice-pwd", `a=ice-pwd:${"p".repeat(21)}`),
    /a=ice-pwd is not 22 to 256/,
  ],
  [
    "a password of 257 characters",
    withLine("a=ice-pwd", `a=ice-pwd:${"p".repeat(257)}`),
    /a=ice-pwd is not/,
  ],
  [
    "a password with an underscore",
    withLine("a=ice-pwd", `a=ice-pwd:${"p".repeat(22)}_`),
    /a=ice-pwd is not/,
  ],
  [
    "two passwords",
    withLine("a=ice-pwd", `a=ice-pwd:${"p".repeat(22)}`, `a=ice-pwd:${"q".repeat(22)}`),
    /several a=ice-pwd/,
  ],
  ["no fingerprint", withLine("a=fingerprint"), /a=fingerprint is not one sha-256/],
  [
    "a SHA-1 fingerprint",
    withLine("a=fingerprint", "a=fingerprint:sha-1 00:11"),
    /a=fingerprint is not one sha-256/,
  ],
  [
    "a fingerprint of 31 bytes",
    withLine("a=fingerprint", `a=fingerprint:sha-256 ${"AB:".repeat(30)}AB`),
    /a=fingerprint is not/,
  ],
  [
    "a fingerprint of 33 bytes",
    withLine("a=fingerprint", `a=fingerprint:sha-256 ${"AB:".repeat(32)}AB`),
    /a=fingerprint is not/,
  ],
  [
    "a fingerprint that is no hex",
    withLine("a=fingerprint", `a=fingerprint:sha-256 ${"GG:".repeat(31)}GG`),
    /a=fingerprint is not/,
  ],
  [
    "two SHA-256 fingerprints",
    withLine(
      "a=fingerprint",
      `a=fingerprint:sha-256 ${"AB:".repeat(31)}AB`,
      `a=fingerprint:sha-256 ${"CD:".repeat(31)}CD`,
    ),
    /a=fingerprint is not one sha-256/,
  ],
  ["no name of the section", withLine("a=mid"), /no a=mid line/],
  [
    "a name of 33 characters",
    withLine("a=mid", `a=mid:${"m".repeat(33)}`),
    /a=mid is not a short name/,
  ],
  ["a name with a space", withLine("a=mid", "a=mid:0 1"), /a=mid is not a short name/],
  ["no sctp-port", withLine("a=sctp-port"), /no a=sctp-port line/],
  ["an sctp-port of 0", withLine("a=sctp-port", "a=sctp-port:0"), /a=sctp-port is not 1 to 65535/],
  ["an sctp-port of 65536", withLine("a=sctp-port", "a=sctp-port:65536"), /a=sctp-port is not/],
  ["a negative sctp-port", withLine("a=sctp-port", "a=sctp-port:-1"), /a=sctp-port is not/],
  [
    "an sctp-port that is no number",
    withLine("a=sctp-port", "a=sctp-port:5e3"),
    /a=sctp-port is not/,
  ],
  [
    "a max-message-size of 1",
    withLine("a=max-message-size", "a=max-message-size:1"),
    /a=max-message-size is not 65536/,
  ],
  [
    "a max-message-size of 65535",
    withLine("a=max-message-size", "a=max-message-size:65535"),
    /a=max-message-size is not/,
  ],
  [
    "a max-message-size of 2^32 + 1",
    withLine("a=max-message-size", "a=max-message-size:4294967297"),
    /a=max-message-size is not/,
  ],
  [
    "a max-message-size of 30 digits",
    withLine("a=max-message-size", `a=max-message-size:${"9".repeat(30)}`),
    /a=max-message-size is not/,
  ],
  ["an empty candidate", withCandidate(""), /a=candidate line is malformed/],
  [
    "a candidate of seven fields",
    withCandidate("1 1 udp 1 192.0.2.1 5000 typ"),
    /a=candidate line is malformed/,
  ],
  [
    "a candidate without typ",
    withCandidate("1 1 udp 1 192.0.2.1 5000 type host"),
    /a=candidate line is malformed/,
  ],
  [
    "a foundation of 33 characters",
    withCandidate(`${"1".repeat(33)} 1 udp 1 192.0.2.1 5000 typ host`),
    /a=candidate line is malformed/,
  ],
  [
    "a foundation with a hyphen",
    withCandidate("1-2 1 udp 1 192.0.2.1 5000 typ host"),
    /a=candidate line is malformed/,
  ],
  [
    "a priority of 2^32",
    withCandidate("1 1 udp 4294967296 192.0.2.1 5000 typ host"),
    /candidate's priority is not/,
  ],
  [
    "a negative priority",
    withCandidate("1 1 udp -1 192.0.2.1 5000 typ host"),
    /candidate's priority is not/,
  ],
  [
    "a candidate's port of 65536",
    withCandidate("1 1 udp 1 192.0.2.1 65536 typ host"),
    /candidate's port is not 0 to 65535/,
  ],
  [
    "a candidate's port with a sign",
    withCandidate("1 1 udp 1 192.0.2.1 +5000 typ host"),
    /candidate's port is not/,
  ],
];
for (const [what, sdp, why] of refused) {
  test(`parseOffer() refuses ${what}`, () => {
    const error = refusal(sdp);
    assert.is(error.code, "bad-offer");
    assert.match(error.message, why);
  });
}

const leftOut: [what: string, candidate: string][] = [
  ["TCP", "1 1 tcp 1 192.0.2.1 9 typ host tcptype active"],
  ["of RTCP", "1 2 udp 1 192.0.2.1 5000 typ host"],
  ["with port 0", "1 1 udp 1 192.0.2.1 0 typ host"],
  ["with a host name", "1 1 udp 1 intranet.example 5000 typ host"],
  ["with a long .local name", `1 1 udp 1 ${"a".repeat(64)}.local 5000 typ host`],
  ["with a .local name that is no UUID", "1 1 udp 1 printer.local 5000 typ host"],
  ["with half an address", "1 1 udp 1 192.0.2 5000 typ host"],
  ["with an octal address", "1 1 udp 1 0300.0.2.1 5000 typ host"],
  ["with an address in brackets", "1 1 udp 1 [2001:db8::1] 5000 typ host"],
  ["with a zone", `1 1 udp 1 fe80::1%${"a".repeat(2000)} 5000 typ host`],
  ["of an unknown type", "1 1 udp 1 192.0.2.1 5000 typ moon"],
];
for (const [what, candidate] of leftOut) {
  test(`parseOffer() leaves out a candidate ${what}`, () => {
    assert.equal(parseOffer(withCandidate(candidate)), parseOffer(CHROMIUM_OFFER));
  });
}

test("parseOffer() keeps 32 candidates, and an offer without any is one", () => {
  const many = Array.from({ length: 100 }, (_, i) => `${i} 1 udp ${i} 192.0.2.${i} 5000 typ host`);
  assert.is(parseOffer(withCandidate(...many)).candidates.length, 32);
  const none = CHROMIUM_OFFER.split("\r\n").filter((line) => !line.startsWith("a=candidate"));
  assert.equal(parseOffer(none.join("\r\n")).candidates, []);
});

test("formatOffer() writes what parseOffer() reads", () => {
  for (const sdp of [CHROMIUM_OFFER, FIREFOX_OFFER]) {
    const offer = parseOffer(sdp);
    const text = formatOffer(offer);
    assert.equal(parseOffer(text), offer);
    assert.is(formatOffer(parseOffer(text)), text);
  }
});

test("formatOffer() writes nothing of the page's own but the fields that were read", () => {
  const text = formatOffer(parseOffer(FIREFOX_OFFER));
  for (const word of ["mozilla", "SDPARTA", "WMS", "raddr", "TCP", "trickle"]) {
    assert.not.match(text, word);
  }
});

test("parseOffer() gives an offer or a bad-offer for 5,000 mutants, and formatOffer() its equal", () => {
  const random = seededRandom(1);
  let taken = 0;
  for (let count = 0; count < 5000; count++) {
    const sdp = mutate(count % 2 ? CHROMIUM_OFFER : FIREFOX_OFFER, random);
    let offer: Offer;
    try {
      offer = parseOffer(sdp);
    } catch (error) {
      assert.is((error as LighthouseError).code, "bad-offer", `for ${JSON.stringify(sdp)}`);
      continue;
    }
    taken++;
    assert.equal(parseOffer(formatOffer(offer)), offer);
  }
  // Both ways are really gone.
  assert.ok(taken > 500 && taken < 4500, `${taken} were taken`);
});

const ANSWER = [
  "v=0",
  "a=candidate:1 1 UDP 2114977791 10.0.2.2 45001 typ host",
  "a=candidate:2 1 UDP 1678769919 198.17.2.2 61001 typ srflx raddr 0.0.0.0 rport 0",
  "a=end-of-candidates",
  "",
].join("\r\n");

test("addMappedPort() adds a candidate to an answer, before their end", () => {
  const lines = addMappedPort(ANSWER, { address: "198.17.2.2", port: 45001 }).split("\r\n");
  assert.is(
    lines[3],
    "a=candidate:mapped 1 UDP 1694498815 198.17.2.2 45001 typ srflx raddr 0.0.0.0 rport 0",
  );
  assert.equal(lines.toSpliced(3, 1), ANSWER.split("\r\n"));
  const withoutEnd = "v=0\r\n";
  assert.match(addMappedPort(withoutEnd, { address: "198.17.2.2", port: 1 }), /^v=0\r\na=.*\r\n$/);
});

test("addMappedPort() takes the place of what a STUN server has seen", () => {
  const lines = addMappedPort(ANSWER, { address: "198.17.2.2", port: 61001 }).split("\r\n");
  assert.is(lines.length, ANSWER.split("\r\n").length);
  assert.match(lines[2]!, "a=candidate:mapped 1 UDP 1694498815 198.17.2.2 61001 typ srflx");
});

test("addMappedPort() adds nothing that is no address and port", () => {
  for (
    const outer of [
      { address: "198.17.2.2 1 typ host\r\na=x", port: 1 },
      { address: "2001:db8::1", port: 1 },
      { address: "198.17.2.2", port: 0 },
      { address: "198.17.2.2", port: 65536 },
      { address: "198.17.2.2", port: 1.5 },
    ]
  ) assert.is(addMappedPort(ANSWER, outer), ANSWER);
});

test.run();
