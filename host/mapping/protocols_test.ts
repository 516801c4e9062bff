// The protocols' messages: as the RFCs and UPnP write them, malformed, and another's.
import { endianness } from "node:os";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { parseRoutes } from "./gateway.ts";
import { MappingError } from "./mapping.ts";
import { formatMapRequest, parseAddressAnswer, parseMapAnswer } from "./nat_pmp.ts";
import { formatPcpRequest, parsePcpAnswer } from "./pcp.ts";
import { parseSearchAnswer } from "./ssdp.ts";
import { argumentsOf, findService } from "./upnp.ts";

const test = suite("mapping protocols");

const NONCE = Buffer.from("000102030405060708090a0b", "hex");
const PCP_REQUEST = "0201000000000258" + // version, opcode, lifetime
  "00000000000000000000ffff0a000202" + // 10.0.2.2
  "000102030405060708090a0b" + "11000000" + // nonce, UDP
  "afc9afc9" + "00000000000000000000ffff00000000"; // ports 45001
const PCP_ANSWER = "0281000000000258" + "00000005" + "000000000000000000000000" +
  "000102030405060708090a0b" + "11000000" + "afc9afca" + "00000000000000000000ffffc6110202";

const hex = (text: string) => Buffer.from(text, "hex");
const troubleOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    assert.instance(error, MappingError);
    return (error as MappingError).trouble;
  }
};

test("a PCP request has the bytes of RFC 6887", () => {
  const request = { client: "10.0.2.2", nonce: NONCE, port: 45001, lifetime: 600 };
  assert.is(formatPcpRequest(request).toString("hex"), PCP_REQUEST);
  const back = formatPcpRequest({ ...request, lifetime: 0 });
  assert.is(back.readUInt32BE(4), 0);
  assert.is(back.readUInt16BE(42), 0);
});

test("a PCP answer gives the outer address, port and lifetime", () => {
  assert.equal(parsePcpAnswer(hex(PCP_ANSWER), NONCE), {
    port: 45001,
    outer: { address: "198.17.2.2", port: 45002 },
    lifetime: 600,
  });
});

test("PCP answers to others, cut off and doubtful ones are no answers", () => {
  const answer = hex(PCP_ANSWER);
  for (let length = 0; length < answer.length; length++) {
    assert.is(parsePcpAnswer(answer.subarray(0, length), NONCE), undefined);
  }
  assert.is(parsePcpAnswer(answer, Buffer.alloc(12)), undefined);
  assert.is(parsePcpAnswer(hex(PCP_REQUEST), NONCE), undefined);
  const ofIpv6 = Buffer.from(answer);
  ofIpv6[44] = 0x20;
  assert.is(parsePcpAnswer(ofIpv6, NONCE), undefined);
});

for (
  const [result, trouble] of [
    [2, "refused"],
    [7, "not-public"],
    [8, "full"],
    [10, "full"],
    [12, "refused"],
  ] as const
) {
  test(`PCP's result ${result} means ${trouble}`, () => {
    const answer = hex(PCP_ANSWER);
    answer[3] = result;
    assert.is(troubleOf(() => parsePcpAnswer(answer, NONCE)), trouble);
  });
}

test("a router that speaks only NAT-PMP is asked by that", () => {
  assert.is(troubleOf(() => parsePcpAnswer(hex("0081000100000005"), NONCE)), "silent");
});

test("NAT-PMP has the bytes of RFC 6886", () => {
  const request = formatMapRequest({ port: 45001, lifetime: 600 });
  assert.is(request.toString("hex"), "00010000afc9afc900000258");
  assert.is(parseAddressAnswer(hex("0080000000000005c6110202")), "198.17.2.2");
  const answer = hex("0081000000000005afc9afca00000258");
  assert.equal(parseMapAnswer(answer, 45001), { port: 45002, lifetime: 600 });
  assert.is(parseMapAnswer(answer, 45002), undefined);
  assert.is(parseMapAnswer(answer.subarray(0, 15), 45001), undefined);
  assert.is(parseAddressAnswer(answer), undefined);
  assert.is(parseAddressAnswer(Buffer.alloc(0)), undefined);
});

for (const [result, trouble] of [[2, "refused"], [3, "not-public"], [4, "full"]] as const) {
  test(`NAT-PMP's result ${result} means ${trouble}`, () => {
    assert.is(troubleOf(() => parseAddressAnswer(hex(`0080000${result}00000005`))), trouble);
  });
}

const SEARCH_ANSWER = [
  "HTTP/1.1 200 OK",
  "CACHE-CONTROL: max-age=120",
  "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1",
  "LOCATION: http://10.0.2.1:5000/rootDesc.xml",
  "",
  "",
].join("\r\n");

test("a router's answer to a search names its description", () => {
  const url = parseSearchAnswer(SEARCH_ANSWER, "10.0.2.1");
  assert.is(url?.href, "http://10.0.2.1:5000/rootDesc.xml");
});

for (
  const [what, text, sender] of [
    ["at another machine", SEARCH_ANSWER, "10.0.2.7"],
    [
      "of a device that is no router",
      SEARCH_ANSWER.replace("InternetGateway", "Media"),
      "10.0.2.1",
    ],
    ["that is no URL", SEARCH_ANSWER.replace("http://", "://"), "10.0.2.1"],
    ["of a file", SEARCH_ANSWER.replace("http://10.0.2.1:5000", "file://10.0.2.1"), "10.0.2.1"],
    ["in a request", SEARCH_ANSWER.replace("HTTP/1.1 200 OK", "NOTIFY * HTTP/1.1"), "10.0.2.1"],
  ] as const
) {
  test(`a description ${what} is not asked for`, () => {
    assert.is(parseSearchAnswer(text, sender), undefined);
  });
}

const serviceOf = (type: string, url: string) =>
  `<service>\n<serviceType>urn:schemas-upnp-org:service:${type}</serviceType>` +
  `<controlURL>${url}</controlURL>\n</service>`;
const BASE = new URL("http://10.0.2.1:5000/rootDesc.xml");

test("the best service of a description is used, at the router only", () => {
  const ppp = serviceOf("WANPPPConnection:1", "/ctl/PPP");
  const first = serviceOf("WANIPConnection:1", "/ctl/IP");
  const second = serviceOf("WANIPConnection:2", "/ctl/IP2?a=1&amp;b=2");
  const find = (...blocks: string[]) => findService(`<root>${blocks.join("")}</root>`, BASE);
  assert.is(find(ppp, second, first)?.control.href, "http://10.0.2.1:5000/ctl/IP2?a=1&b=2");
  assert.is(find(ppp)?.type, "urn:schemas-upnp-org:service:WANPPPConnection:1");
  assert.is(find(serviceOf("WANIPConnection:1", "http://10.0.2.9/ctl")), undefined);
  assert.is(find(serviceOf("WANCommonInterfaceConfig:1", "/ctl")), undefined);
  assert.is(find(), undefined);
});

test("an answer's arguments are read with and without prefixes", () => {
  const text = "<s:Envelope><s:Body><u:Answer><NewExternalIPAddress>198.17.2.2" +
    "</NewExternalIPAddress><u:errorCode>718</u:errorCode><a/></u:Answer></s:Body></s:Envelope>";
  assert.equal(argumentsOf(text), { NewExternalIPAddress: "198.17.2.2", errorCode: "718" });
  assert.equal(argumentsOf("<a>".repeat(1000)), {});
});

test("the gateway is that of the default route with the least metric", () => {
  const row = (destination: string, gateway: string, flags: string, metric: number, mask: string) =>
    `eth0\t${destination}\t${gateway}\t${flags}\t0\t0\t${metric}\t${mask}\t0\t0\t0`;
  const address = (bytes: number[]) =>
    Buffer.from(endianness() === "LE" ? bytes.toReversed() : bytes).toString("hex").toUpperCase();
  const table = [
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
    row("00000000", address([10, 0, 0, 1]), "0003", 600, "00000000"),
    row("00000000", address([192, 168, 1, 1]), "0003", 100, "00000000"),
    row("0001A8C0", "00000000", "0001", 0, "00FFFFFF"),
  ];
  assert.is(parseRoutes(table.join("\n")), "192.168.1.1");
  assert.is(parseRoutes(table.slice(0, 1).join("\n")), undefined);
  // The route of a VPN has no gateway.
  assert.is(
    parseRoutes([table[0], row("00000000", "00000000", "0001", 0, "00000000")].join("\n")),
    undefined,
  );
  assert.is(parseRoutes(""), undefined);
});

test.run();
