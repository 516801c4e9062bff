import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { TurnPorts } from "./turn_ports.ts";

const test = suite("TURN for libjuice");

const WITH = { username: "u", credential: "p" };
const turn = (...urls: string[]) => ({ urls, ...WITH });
const urlsOf = (servers: { urls: string[] }[]) =>
  servers.flatMap(({ urls }) => urls).map((url) => url.replace(/(?<=127\.0\.0\.1:)\d+/, "PORT"));

/** What is chosen once all ports are open. */
async function choose(...servers: { urls: string[] }[]): Promise<string[]> {
  using ports = new TurnPorts({ log: () => {} });
  ports.choose(servers);
  // Ports open within a turn or two of the event loop.
  for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
  return urlsOf(ports.choose(servers));
}

test("STUN servers and TURN over UDP are given as they are, two TURN servers at most", async () => {
  assert.equal(await choose({ urls: ["stun:a"] }), ["stun:a"]);
  assert.equal(await choose({ urls: ["stun:a"] }, turn("turn:b", "turn:c", "turn:d")), [
    "stun:a",
    "turn:b",
    "turn:c",
  ]);
});

test("one server is taken over UDP, and one over TCP or TLS, by a port of this machine", async () => {
  const both = ["turn:a", "turn:b"];
  assert.equal(await choose(turn(...both, "turn:a?transport=tcp", "turns:a:443")), [
    "turn:a",
    "turn:127.0.0.1:PORT",
  ]);
  assert.equal(await choose(turn(...both), turn("turns:a:443")), ["turn:a", "turn:127.0.0.1:PORT"]);
  assert.equal(await choose(turn("turns:a:443"), turn("turns:b:443")), [
    "turn:127.0.0.1:PORT",
  ]);
});

test("credentials stay with their server, and its port stays open while they change", async () => {
  using ports = new TurnPorts({ log: () => {} });
  const server = turn("turns:a:443");
  ports.choose([server]);
  await until(() => ports.choose([server]).length === 1);
  const [first] = ports.choose([server]);
  const [second] = ports.choose([{ ...server, credential: "q" }]);
  assert.equal(second, { ...first!, credential: "q" });
});

test.run();
