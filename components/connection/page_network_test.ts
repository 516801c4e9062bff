import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { NetworkReport } from "../../wire/mod.ts";
import { PageNetwork } from "./page_network.ts";

const test = suite("page network");

const SEEN: NetworkReport = { candidates: ["mdns"], stun: "silent" };
const HOST: NetworkReport = { stun: "answers" };
const SDP = "a=candidate:1 1 udp 1 0a1b.local 5000 typ host\r\n";
const SRFLX = `${SDP}a=candidate:2 1 udp 1 192.0.2.1 5000 typ srflx raddr 0.0.0.0 rport 0\r\n`;

/** A network whose looks end when the test says so. */
function start({ urls = ["stun:a.example"], isConnected = true } = {}) {
  const looks: (() => void)[] = [];
  const told: NetworkReport[] = [];
  let changes = 0;
  const network = new PageNetwork({
    ice: () => ({ iceServers: urls.length > 0 ? [{ urls }] : [] }),
    exchange: (report) => {
      told.push(report);
      return isConnected ? Promise.resolve({ ...HOST, relay: "on" }) : Promise.reject(new Error());
    },
    onChange: () => changes++,
    probe: () => new Promise((resolve) => looks.push(() => resolve(SEEN))),
  });
  return { network, looks, told, changes: () => changes };
}

test("an offer's report has its candidates, and what is known", () => {
  const { network } = start();
  assert.equal(network.report(SDP), { candidates: ["mdns"] });
  assert.equal(network.report(SRFLX), { candidates: ["mdns", "srflx4"], stun: "answers" });
  network.ended("direct");
  assert.equal(network.report(SDP), { candidates: ["mdns"], way: "direct" });
  assert.equal(start({ urls: [] }).network.report(SDP), { candidates: ["mdns"], stun: "off" });
});

test("a connection that is not direct makes the page look, and tell the host", async () => {
  const { network, looks, told, changes } = start();
  network.heard(HOST);
  network.ended("relayed");
  network.ended("relayed");
  assert.equal([looks.length, changes()], [1, 2]);
  assert.equal(network.view, { page: { way: "relayed" }, host: HOST });
  const looked = network.look();
  looks[0]!();
  await looked;
  const page = { ...SEEN, way: "relayed" };
  assert.equal(told, [page]);
  assert.equal(network.view, { page, host: { ...HOST, relay: "on" } });
  assert.equal(network.report(SRFLX), {
    candidates: ["mdns", "srflx4"],
    stun: "answers",
    way: "relayed",
  });
  assert.is(changes(), 3);
});

test("a direct connection makes no look, and one that fails keeps what the host has told", async () => {
  const { network, looks, changes } = start({ isConnected: false });
  network.ended("direct");
  assert.is(looks.length, 0);
  network.heard(HOST);
  network.heard(undefined);
  network.ended("none");
  const looked = network.look();
  looks[0]!();
  await looked;
  assert.equal(network.view, { page: { ...SEEN, way: "none" }, host: HOST });
  assert.is(changes(), 3);
});

test.run();
