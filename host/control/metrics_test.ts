// What the real program tells of requests: numbers on its socket and on a port, and lines at debug.
import { request } from "node:http";
import { text } from "node:stream/consumers";
import * as assert from "uvu/assert";
import { startBridge } from "../../tools/local/bridge.ts";
import { run } from "../../tools/testing/program.ts";
import { freePort } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { askHost } from "./socket.ts";

const test = suite("metrics", { deadline: 60_000 });

/** Its status and text, asked for by a name of the host's. */
async function get(port: number, host: string): Promise<{ status?: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status?: number; body: string }>();
  const asked = request({ port, path: "/metrics", headers: { host } }, async (response) => {
    resolve({ status: response.statusCode, body: await text(response) });
  });
  asked.on("error", reject).end();
  return await promise;
}

test("requests are counted, and written down at debug, with nothing secret of them", async () => {
  await using bridge = await startBridge({ propagation: 100, isPublic: false });
  const port = await freePort();
  const host = bridge.startHost(["--metrics", String(port), "--log-level", "debug"]);
  await host.until("online");
  // A page's way.
  const { code } = await run(["doctor", "--json", ...bridge.hostFlags()], bridge.hostEnvironment);
  assert.is(code, 0);
  const line = await host.until("request");
  assert.equal([line.level, line.method, line.path], ["debug", "GET", "/"]);
  assert.match(String(line.status), /^\d{3}$/);
  assert.type(line.ms, "number");
  assert.match(String(line.device), /^[\da-f]{24}$/);

  const answer = await askHost(bridge.state, "/metrics");
  const numbers = await text(answer!);
  assert.match(numbers, new RegExp(`^lighthouse_requests_total{code="${line.status}"} 1$`, "m"));
  assert.match(numbers, /^lighthouse_online 1$/m);
  assert.match(numbers, /^lighthouse_request_seconds_count 1$/m);
  assert.match(numbers, /^process_resident_memory_bytes \d+$/m);
  assert.match(numbers, /# EOF\n$/);
  assert.match(answer!.headers["content-type"]!, "application/openmetrics-text");

  const { status, body } = await get(port, `127.0.0.1:${port}`);
  assert.is(status, 200);
  assert.match(body, "lighthouse_online 1");
  assert.is((await get(port, "rebound.example")).status, 421);

  // The port is taken now.
  const flags = [...bridge.hostFlags(), "--state", `${bridge.state}-other`];
  const second = await run(["run", ...flags, "--metrics", String(port)], bridge.hostEnvironment);
  assert.is(second.code, 2);
  assert.match(second.errors, `Cannot use --metrics ${port}: the port is in use`);
});

test("without --log-level, requests are not in the log, and other levels are refused", async () => {
  await using bridge = await startBridge({ propagation: 100, isPublic: false });
  const host = bridge.startHost();
  await host.until("online");
  await run(["doctor", "--json", ...bridge.hostFlags()], bridge.hostEnvironment);
  await host.until("device-revoked");
  assert.equal(host.lines.filter(({ level }) => level === "debug"), []);
  const { code, errors } = await run([
    "run",
    "--relay",
    "ws://127.0.0.1:9",
    "--backend",
    "http://127.0.0.1:9",
    "--log-level",
    "loud",
  ]);
  assert.is(code, 2);
  assert.match(errors, /--log-level is none of debug, info, warn, error: loud/);
});

test("a log that keeps quiet does not keep from status how the host is", async () => {
  await using bridge = await startBridge({ propagation: 100, isPublic: false });
  const host = bridge.startHost(["--log-level", "error"]);
  const status = ["status", "--json", "--state", bridge.state];
  await until(async () => JSON.parse((await run(status)).output).phase === "online");
  assert.equal(host.lines, []);
  const { output } = await run(["logs", "--state", bridge.state]);
  assert.is(output, "");
});

test("the socket tells who is let in, without what lets them in", async () => {
  await using bridge = await startBridge({ propagation: 100, isPublic: false });
  const host = bridge.startHost();
  await host.until("online");
  const answer = await askHost(bridge.state, "/devices");
  assert.equal(JSON.parse(await text(answer!)), { devices: [] });
});

test.run();
