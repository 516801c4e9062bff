import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { NetworkReport } from "../../wire/mod.ts";
import { describeVerdict, Networks } from "./networks.ts";
import { PageReports } from "./page_reports.ts";

const test = suite("networks");

const PHONE = { id: "a", name: "phone" };
const HOST: NetworkReport = { stun: "answers", nat: "endpoint-independent", port: "off" };
const BLOCKED: NetworkReport = { stun: "silent" };

function start() {
  const lines: [event: string, text: string, cause: unknown][] = [];
  const networks = new Networks({ report: () => HOST }, { reports: new PageReports(() => 0) });
  const log = networks.watch((_level, event, text, fields) =>
    lines.push([event, text, fields?.cause])
  );
  return { networks, log, lines };
}

test("the log says why a connection is not direct, once, in the page's words", () => {
  const { networks, log, lines } = start();
  networks.reports.note(PHONE, BLOCKED);
  const connected = { device: "a", way: "relayed" };
  log("info", "page-connected", "page connected through the relay", connected);
  log("warn", "page-refused", "came to nothing", { device: "a" });
  log("info", "page-back", "page connected again", connected);
  assert.equal(lines.map(([event]) => event), [
    "page-connected",
    "page-network",
    "page-refused",
    "page-back",
  ]);
  const [, text, cause] = lines[1]!;
  assert.is(cause, "page-no-udp");
  assert.is(
    text,
    "no direct connection with “phone”: The page's network lets no UDP through. " +
      "Allow UDP in the firewall or the VPN of the page's network, or use another network",
  );
  log("info", "page-lane", "moved", { device: "a", way: "direct" });
  assert.is(lines.length, 5);
  assert.is(networks.view.devices[0]!.cause, "direct");
});

test("where a TURN server is in use, the log does not name one as a cure", () => {
  const { networks, log, lines } = start();
  networks.reports.note(PHONE, { stun: "answers", nat: "endpoint-dependent" });
  log("info", "page-connected", "page connected", { device: "a", way: "turn" });
  assert.is(
    lines[1]![1],
    "no direct connection, but one through TURN, with “phone”: The page's router gives each " +
      "destination another port (a symmetric NAT). Let the host ask its router for a port (`port-mapping`)",
  );
});

test("a connection that came to nothing is explained, also a stranger's", () => {
  const { networks, log, lines } = start();
  networks.reports.note({ id: "x" }, BLOCKED);
  log("warn", "page-refused", "came to nothing", { device: "x" });
  assert.match(lines[1]![1], /^no connection with a page that is not paired: The page's network/);
  // Nothing is known of it, or the line is about no device.
  log("warn", "page-refused", "came to nothing", { device: 7 });
  log("warn", "page-refused", "came to nothing");
  log("info", "page-connected", "directly", { device: "x", way: "router" });
  assert.is(lines.length, 5);
});

test("a page that came to nothing for no known cause may have left", () => {
  const { networks, log, lines } = start();
  networks.reports.note(PHONE, { stun: "answers" });
  log("warn", "page-refused", "came to nothing", { device: "a" });
  assert.is(lines.length, 1);
});

test("where both ends look well, a session through the relay is explained when the direct attempt has failed", () => {
  const { networks, log, lines } = start();
  networks.reports.note(PHONE, { stun: "answers" });
  log("info", "page-connected", "page connected", { device: "a", way: "relayed" });
  assert.is(lines.length, 1);
  log("warn", "page-refused", "came to nothing", { device: "a" });
  assert.equal(lines.map(([, , cause]) => cause), [undefined, undefined, "unknown"]);
});

test("a page that looks at its network after it has offered is explained when it tells", async () => {
  const { networks, log, lines } = start();
  networks.reports.note(PHONE, { candidates: ["mdns"] });
  log("info", "page-connected", "page connected through the relay", {
    device: "a",
    way: "relayed",
  });
  assert.is(lines.length, 1);
  const passed: string[] = [];
  const handler = networks.serve(({ target }) => {
    passed.push(target);
    return Promise.resolve({ status: 200, statusText: "", headers: [], body: null });
  });
  const context = { principal: { ...PHONE, origin: "" }, signal: new AbortController().signal };
  const ask = (target: string, report: string) =>
    handler(
      { method: "GET", target, headers: [["lighthouse-report", report]], body: null },
      context,
    );
  for (let times = 0; times < 2; times++) {
    const { status, headers } = await ask("/.lighthouse/network", JSON.stringify(BLOCKED));
    assert.is(status, 204);
    assert.equal(JSON.parse(headers[0]![1]), HOST);
  }
  assert.equal(lines.map(([, , cause]) => cause), [undefined, "page-no-udp"]);
  await ask("/.lighthouse/network", "{");
  assert.is(networks.view.devices[0]!.cause, "page-no-udp");
  await ask("/notes", "{}");
  assert.equal(passed, ["/notes"]);
});

test("the view has each device's report, with the way that came about", () => {
  const { networks, log } = start();
  networks.reports.note(PHONE, { ...BLOCKED, way: "direct" });
  networks.reports.note({ id: "x" }, undefined);
  log("info", "page-connected", "page connected", { device: "a", way: "turn" });
  const { host, devices } = networks.view;
  assert.equal(host, HOST);
  assert.equal(devices.map(({ device, name }) => [device, name]), [
    ["strangers", null],
    ["a", "phone"],
  ]);
  const { message, ...rest } = devices[1]!;
  assert.match(message, /^The page's network lets no UDP through\. /);
  assert.equal(rest, {
    device: "a",
    name: "phone",
    time: "1970-01-01T00:00:00.000Z",
    cause: "page-no-udp",
    cures: ["page-udp"],
    ways: { direct: "failed", mapped: "off", turn: "used", relayed: "unknown" },
    page: { stun: "silent", way: "turn" },
  });
});

test("a page that is not paired is told nothing of a VPN", () => {
  const networks = new Networks({ report: () => ({ ...HOST, vpn: "on" }) });
  assert.equal(networks.report(PHONE), { ...HOST, vpn: "on" });
  assert.equal(networks.report({ name: undefined }), HOST);
});

test("a verdict is one line", () => {
  const verdict = { cause: "both-symmetric", cures: ["allow-port", "add-turn"] } as const;
  assert.match(
    describeVerdict({ ...verdict, cures: [...verdict.cures] }),
    /NATs\)\. Let the host ask/,
  );
  assert.not.match(describeVerdict({ cause: "direct", cures: [] }), /\. /);
});

test.run();
