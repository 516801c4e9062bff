import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { PeerPath } from "./peer.ts";
import { describeWay, wayOf } from "./way.ts";

const test = suite("way");

const ways: [path: PeerPath | "relayed", way: string, words: string][] = [
  [{ local: "host", remote: "host" }, "direct", "directly"],
  [{ local: "host", remote: "host", isMapped: true }, "direct", "directly"],
  [{ local: "host", remote: "prflx", remoteAddress: "192.168.1.7" }, "direct", "directly"],
  [{ local: "host", remote: "prflx", remoteAddress: "172.31.0.1" }, "direct", "directly"],
  [{ local: "host", remote: "prflx", remoteAddress: "100.101.5.5" }, "direct", "directly"],
  [{ local: "host", remote: "prflx", remoteAddress: "2001:db8::1" }, "direct", "directly"],
  [{ local: "host", remote: "prflx", remoteAddress: "198.17.2.7" }, "router", "through a router"],
  [{ local: "host", remote: "prflx", remoteAddress: "172.32.0.1" }, "router", "through a router"],
  [{ local: "host", remote: "srflx" }, "router", "through a router"],
  [{ local: "srflx", remote: "prflx" }, "router", "through a router"],
  [
    { local: "host", remote: "prflx", remoteAddress: "198.17.2.7", isMapped: true },
    "mapped",
    "to a mapped port",
  ],
  [{ local: "srflx", remote: "relay", isMapped: true }, "turn", "through a TURN server"],
  [{ local: "relay", remote: "host" }, "turn", "through a TURN server"],
  ["relayed", "relayed", "through the relay"],
];
for (const [path, way, words] of ways) {
  test(`the way of ${JSON.stringify(path)} is ${way}`, () => {
    assert.is(wayOf(path), way);
    assert.is(describeWay(wayOf(path)), words);
  });
}

test.run();
