// Sessions through the relay, from the host's end: the real host, relay and gateway with its default
// throttles, and pages without WebRTC and without a browser.
import { createHash } from "node:crypto";
import process from "node:process";
import * as assert from "uvu/assert";
import { FolderAccessList } from "../../host/access/access_list.ts";
import { Admissions } from "../../host/access/admission.ts";
import { parseConfig } from "../../host/config/config.ts";
import { runHost } from "../../host/daemon.ts";
import { costOf } from "../../host/signalling/prices.ts";
import { lambdaRegistry } from "../../host/signalling/registry_lambda.ts";
import { readSpent } from "../../host/signalling/relay_budget.ts";
import { pairDevice, type TestDevice } from "../../host/testing/access.ts";
import { DEFAULT_THROTTLES } from "../../stack/throttles.ts";
import { formatSendSignal, LighthouseError, sendRequest, type Session } from "../../wire/mod.ts";
import { pattern } from "../../wire/testing/bytes.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { type Bridge, startBridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { Meter } from "../local/meter.ts";
import { run, start } from "../testing/program.ts";
import { askRelayed, connectRelayed, type RelayedPageOptions } from "../testing/relayed_page.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { startRecordingRelay } from "./recording_relay.ts";

const test = suite("relayed host", { deadline: 60_000 });

const meter = new Meter();
let bridge: Bridge;
let host: HostProcess;

test.before(async () => {
  bridge = await startBridge({
    propagation: 100,
    isPublic: false,
    throttles: DEFAULT_THROTTLES,
    onActivity: meter.note,
  });
  host = bridge.startHost();
  await host.until("online");
});
test.after(async () => await bridge[Symbol.asyncDispose]());

type Device = TestDevice & { id: string };

/** Pairs a device. */
async function pair(name: string): Promise<Device> {
  return await pairDevice(bridge.state, bridge.identity, name);
}

function optionsFor(device: TestDevice): RelayedPageOptions {
  return { relay: bridge.gateway.url, origin: bridge.page.origins[0]!, device };
}

async function get(session: Session, target: string): Promise<Uint8Array> {
  const request = { method: "GET", target, headers: [], body: null };
  return await new Response((await sendRequest(session, request)).body).bytes();
}

async function post(session: Session, target: string, bytes: Uint8Array<ArrayBuffer>) {
  const request = { method: "POST", target, headers: [], body: new Blob([bytes]).stream() };
  return await new Response((await sendRequest(session, request)).body).json();
}

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** The exact bytes that the sample backend sends. */
async function download(session: Session, bytes: number): Promise<void> {
  const expected = await (await fetch(`${bridge.backend.url}/api/hash?bytes=${bytes}`)).json();
  assert.is(hashOf(await get(session, `/api/download?bytes=${bytes}`)), expected.sha256);
}

test("requests and bodies arrive whole, and status, devices and ping tell the way", async () => {
  const device = await pair("laptop");
  using page = await connectRelayed(optionsFor(device));
  const { session } = page;
  const body = pattern(200_000);
  assert.equal(await post(session, "/api/upload", body), {
    bytes: body.length,
    sha256: hashOf(body),
  });
  await download(session, 300_000);

  const environment = { LIGHTHOUSE_STATE: bridge.state };
  const status = JSON.parse((await run(["status", "--json"], environment)).output);
  const [connection] = status.connections;
  assert.equal([connection.name, connection.way], ["laptop", "relayed"]);
  assert.ok(connection.bytesIn > 200_000 && connection.bytesOut > 300_000);
  assert.is(status.relayed.state, "on");
  assert.ok(status.relayed.spent > 0 && status.relayed.spent < status.relayed.budget);
  const { output } = await run(["status"], environment);
  assert.match(
    output,
    /page +“laptop”: through the relay, .*ms, 20\d kB in, 30\d kB out, for \d+ s/,
  );
  assert.match(output, /relayed +\$0\.00\d+ of \$0\.010 spent today/);

  const listed = JSON.parse((await run(["devices", "--json"], environment)).output);
  assert.is(listed.devices[0].connections[0].way, "relayed");
  assert.match((await run(["devices"], environment)).output, /laptop .*through the relay, /);

  const ping = await run(["ping", "laptop", "-c", "2"], environment);
  assert.is(ping.code, 0);
  assert.match(
    ping.output,
    /^Pinging “laptop” \(\w+\)\nanswer 1 in [\d.]+ ms through the relay\nanswer 2 in .*\nlaptop: 2 sent, 2 answered, 0 % lost\nround trip: least .* ms, average .* ms, most .* ms\n$/,
  );
  const lines = (await run(["ping", "laptop", "--json", "--count", "1"], environment)).output
    .trim().split("\n").map((line) => JSON.parse(line));
  assert.equal([lines.length, lines[0].way, lines[1].answered], [2, "relayed", 1]);
});

test("ping fails for a device that is not connected, and ends at Ctrl-C with its summary", async () => {
  const away = await pair("away");
  const environment = { LIGHTHOUSE_STATE: bridge.state };
  const ping = await run(["ping", away.id], environment);
  assert.equal([ping.code, ping.output], [1, ""]);
  assert.match(ping.errors, "“away” is not connected");
  assert.is((await run(["ping", away.id, "-c", "0"], environment)).code, 2);
  assert.is((await run(["ping", "nobody"], environment)).code, 2);

  const device = await pair("here");
  using _page = await connectRelayed(optionsFor(device));
  const endless = start(["ping", "here"], environment);
  await endless.until(/answer 2 in/);
  const { code } = await endless.end("SIGINT");
  assert.is(code, 0);
  assert.match(endless.lines.join("\n"), /\nhere: \d sent, \d answered, 0 % lost\n/);
});

test("pages that the gateway throttles get all of their bytes, and others connect meanwhile", async () => {
  const devices = await Promise.all([1, 2, 3].map((at) => pair(`throttled ${at}`)));
  const pages = await Promise.all(devices.map((device) => connectRelayed(optionsFor(device))));
  const body = pattern(120_000);
  // Uses the gateway's burst up, also where this machine is slow.
  const noise = formatSendSignal({ host: "nobody", data: {} });
  for (let i = 0; i < 2 * DEFAULT_THROTTLES.sendSignal.burst; i++) pages[0]!.socket.send(noise);
  const all = pages.flatMap(({ session }) => [
    download(session, 50_000),
    post(session, "/api/upload", body).then(({ sha256 }) => assert.is(sha256, hashOf(body))),
  ]);
  using _other = await connectRelayed(optionsFor(await pair("other")));
  await Promise.all(all);
  assert.ok(pages.some(({ throttled }) => throttled > 0), "nothing was throttled");
  for (const page of pages) page[Symbol.dispose]();
});

test("a session goes on when the host's connection to the relay is cut", async () => {
  using page = await connectRelayed(optionsFor(await pair("cut")));
  const transfer = download(page.session, 400_000);
  const { LAPTOP_ID: id } = bridge.function.environment;
  const from = host.lines.length;
  await fetch(`${bridge.gateway.endpoint}/@connections/${encodeURIComponent(id!)}`, {
    method: "DELETE",
  });
  await host.until("online", from);
  await transfer;
  assert.is(page.session.carriers, 1);
});

test("a page whose connection has gone is noticed by the next message to it", async () => {
  const device = await pair("gone");
  const page = await connectRelayed(optionsFor(device));
  const from = host.lines.length;
  const slow = get(page.session, "/api/stream?lines=20&interval=100");
  await until(() => page.session.traffic.received > 0);
  page.socket.terminate();
  await host.until("page-away", from);
  // The session waits for another way, and loses nothing.
  const again = await connectRelayed({ ...optionsFor(device), session: page.session });
  assert.match(new TextDecoder().decode(await slow), /line 20 of 20\n$/);
  again[Symbol.dispose]();
  page[Symbol.dispose]();
});

test("a device that is revoked is told so, and is out", async () => {
  const device = await pair("revoked");
  const { promise: detached, resolve: onDetached } = Promise.withResolvers<LighthouseError>();
  using _page = await connectRelayed({ ...optionsFor(device), onDetached });
  await run(["revoke", device.id], { LIGHTHOUSE_STATE: bridge.state });
  assert.is((await detached).code, "device-revoked");
  assert.is((await failureOf(connectRelayed(optionsFor(device)))).code, "device-revoked");
});

test("a recording relay finds no byte of the contents", async () => {
  await using relay = await startRecordingRelay(bridge);
  const device = await pair("recorded");
  const secret = `secret ${crypto.randomUUID()} `.repeat(1000);
  {
    using page = await connectRelayed({ ...optionsFor(device), relay: relay.url });
    const { sha256 } = await post(page.session, "/api/upload", new TextEncoder().encode(secret));
    assert.is(sha256, hashOf(new TextEncoder().encode(secret)));
  }
  const seen = relay.seen.map(({ text }) => text);
  const relayed = seen.filter((text) => text.includes('"relayed"'));
  assert.ok(relayed.length > 3, `${relayed.length} messages`);
  const opened = relayed.map((text) =>
    Buffer.from(JSON.parse(text).data.ct, "base64url").toString("latin1")
  );
  for (const text of [...seen, ...opened]) {
    assert.not.match(text, secret.slice(0, 20));
    // Long enough that random base64url does not have them by chance.
    assert.not.match(text, /\/api\/upload|content-length|content-type/i);
  }
  // No message is billed as two, and none is a frame that the gateway refuses.
  for (const text of seen) assert.ok(text.length < 32_000, `${text.length} bytes`);
});

test("a host that stops says so, and a budget that is spent ends sessions and is kept", async () => {
  const device = await pair("budget");
  const { promise: left, resolve: onDetached } = Promise.withResolvers<LighthouseError>();
  const first = await connectRelayed({ ...optionsFor(device), onDetached });
  const stopped = Date.now();
  const stopping = host.stop();
  await left;
  assert.ok(Date.now() - stopped < 10_000);
  assert.is(await stopping, 0);
  first[Symbol.dispose]();

  const spent = (await readSpent(bridge.state, Date.now())).dollars;
  assert.ok(spent > 0);
  const room = 0.0004;
  const flags = ["--relay-budget", (spent + room).toFixed(6)];
  host = bridge.startHost(flags);
  await host.until("online");
  const before = meter.read(bridge.gateway);
  const ended = Promise.withResolvers<LighthouseError>();
  const page = await connectRelayed({ ...optionsFor(device), onDetached: ended.resolve });
  const waiting = download(page.session, 3_000_000);
  waiting.catch(() => {});
  await ended.promise;
  const line = await host.until("relay-budget-spent");
  assert.match(line.message, "until midnight UTC");
  const relayed = () => {
    const { messages, runs } = meter.read(bridge.gateway);
    return { messages: messages - before.messages, runs: runs - before.runs, minutes: 0 };
  };
  // The connect is not a part of it: four messages.
  const { messages, runs } = relayed();
  const dollars = costOf({ messages: messages - 4, runs: runs - 2, minutes: 0 });
  assert.ok(dollars > 0.0001 && dollars <= room, `$${dollars} of $${room}`);
  // The stream waits for another way: it has not failed.
  assert.is(page.session.streams, 1);
  assert.equal(await askRelayed(optionsFor(device)), { off: "spent" });
  assert.is((await failureOf(connectRelayed(optionsFor(device)))).code, "relay-budget");

  const environment = { LIGHTHOUSE_STATE: bridge.state };
  const status = JSON.parse((await run(["status", "--json"], environment)).output);
  assert.is(status.relayed.state, "spent");
  assert.match((await run(["status"], environment)).output, "no more until midnight UTC");
  const cost = JSON.parse((await run(["cost", "--json", ...flags], environment)).output);
  assert.ok(cost.relayed.today > spent && cost.relayed.today <= cost.relayed.budget);
  assert.is(host.lines.filter(({ event }) => event === "relay-budget-spent").length, 1);

  // A restart does not reset it.
  await host.stop();
  host = bridge.startHost(flags);
  await host.until("online");
  assert.equal(await askRelayed(optionsFor(device)), { off: "spent" });
  page[Symbol.dispose]();
});

test("a session goes on while the host's connections to the relay follow each other", async () => {
  await host.stop();
  process.env.AWS_ENDPOINT_URL_LAMBDA = bridge.controlPlane.endpoint;
  process.env.AWS_ACCESS_KEY_ID = process.env.AWS_SECRET_ACCESS_KEY = "local";
  const relayFunction = { functionName: bridge.function.name, region: "us-east-1" };
  const config = parseConfig({
    relay: bridge.gateway.url,
    function: relayFunction.functionName,
    region: relayFunction.region,
    backend: bridge.backend.url,
    stun: "none",
  });
  const stop = new AbortController();
  const online = Promise.withResolvers<void>();
  const device = await pair("rotation");
  using accessList = FolderAccessList.open(bridge.state, () => {});
  let rotations = 0;
  const ended = runHost({
    settings: () => config,
    registry: () => lambdaRegistry(relayFunction),
    identity: bridge.identity,
    admissions: await Admissions.open({ state: bridge.state }),
    accessList,
    log: (_level, event) => {
      if (event === "online") online.resolve();
      if (event === "rotating") rotations++;
    },
    signal: stop.signal,
    timing: { connectionLife: 1_500, grace: 500 },
  });
  await online.promise;
  {
    using page = await connectRelayed(optionsFor(device));
    while (rotations < 2) await download(page.session, 50_000);
    assert.is(page.session.carriers, 1);
  }
  stop.abort();
  await ended;
});

test.run();
