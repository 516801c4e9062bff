// The QUIC server with its endpoint in Deno, and connections of a client in Deno.
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import type { networkInterfaces } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { childrenOf, isRunning } from "../../tools/testing/processes.ts";
import { RunningProgram } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import { type Channel, encodePreamble, newChannelName, type QuicWay } from "../../wire/mod.ts";
import type { QuicEvent, QuicOrder } from "../testing/quic_client.ts";
import { findDeno } from "./deno.ts";
import { QuicServer, type QuicServerOptions } from "./quic_server.ts";

const test = suite("quic server", { deadline: 30_000 });

/** An address that leads nowhere: the client connects to the loopback's. */
const INTERFACES = {
  eth0: [{ address: "198.51.100.1", internal: false }],
} as unknown as ReturnType<
  typeof networkInterfaces
>;

interface Opened {
  channel: Channel;
  claim: string;
  received: string[];
}

/** A server whose log and channels a test sees. Channels answer each message with the same. */
class Server implements AsyncDisposable {
  readonly events: string[] = [];
  readonly texts: string[] = [];
  readonly opened: Opened[] = [];
  readonly server: QuicServer<string>;

  constructor(options: Partial<QuicServerOptions<string>> = {}) {
    this.server = new QuicServer<string>({
      isOn: () => true,
      interfaces: () => INTERFACES,
      onChannel: (channel, claim) => {
        const received: string[] = [];
        channel.onmessage = (message) => {
          received.push(`${Buffer.from(message as Uint8Array)}`);
          channel.send(Uint8Array.from(message as Uint8Array));
        };
        this.opened.push({ channel, claim, received });
      },
      log: (_level, event, text) => {
        this.events.push(event);
        this.texts.push(text);
      },
      timing: { first: 10, longest: 300_000 },
      ...options,
    });
  }

  /** Resolves when it runs, for the count-th time. */
  async on(count = 1): Promise<void> {
    await until(() => this.events.filter((event) => event === "quic-on").length === count);
  }

  propose(owner = "phone"): QuicWay {
    const way = this.server.propose(owner, `claim of ${owner}`);
    assert.ok(way, this.texts.at(-1));
    return way;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server[Symbol.asyncDispose]();
  }
}

/** Connections of Deno's WebTransport. */
class Client {
  readonly #program: RunningProgram;
  #names = 0;

  constructor(deno: string) {
    const file = fileURLToPath(new URL("../testing/quic_client.ts", import.meta.url));
    const flags = ["--quiet", "--no-check", "--no-config", "--unstable-net", "--allow-net"];
    this.#program = new RunningProgram(
      spawn(deno, ["run", ...flags, file], { stdio: ["pipe", "pipe", "pipe"] }),
    );
  }

  /** Connects, and sends the bytes on a stream each. @returns A function that awaits an event. */
  connect({ addresses, hash }: QuicWay, streams: Uint8Array[]) {
    const name = `${++this.#names}`;
    const [, port] = /:(\d+)$/.exec(addresses[0]!)!;
    const order: QuicOrder = {
      name,
      url: `https://127.0.0.1:${port}/`,
      hash: Buffer.from(hash).toString("base64"),
      streams: streams.map((bytes) => Buffer.from(bytes).toString("base64")),
    };
    this.#program.child.stdin!.write(`${JSON.stringify(order)}\n`);
    const find = (event: QuicEvent["event"]) =>
      this.#program.lines.map((line) => JSON.parse(line) as QuicEvent)
        .find((each) => each.name === name && each.event === event);
    return {
      until: (event: QuicEvent["event"]) => this.#program.find(event, () => find(event)),
      has: (event: QuicEvent["event"]) => find(event) !== undefined,
    };
  }

  async end(): Promise<void> {
    await this.#program.end();
  }
}

/** The streams of a channel: a preamble each, and on the first one a message. */
function channel({ ticket }: Pick<QuicWay, "ticket">, count: number, text = "hello"): Uint8Array[] {
  const preamble = encodePreamble({ ticket, channel: newChannelName(), count });
  const message = Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);
  return [Buffer.concat([preamble, message]), ...Array<Uint8Array>(count - 1).fill(preamble)];
}

let client: Client;
test.before(async () => {
  const deno = await findDeno();
  assert.ok(deno, "Deno is a dev dependency, and on PATH in npm's scripts");
  client = new Client(deno);
});
test.after(() => client.end());

test("a page with a ticket gets a channel over its streams, with the claim", async () => {
  await using all = new Server();
  assert.is(all.server.propose("phone", ""), undefined, "it starts in the background");
  await all.on();
  const page = client.connect(all.propose(), channel(all.propose(), 8));
  const { data } = await page.until("data");
  assert.is(Buffer.from(data!, "base64").subarray(4).toString(), "hello");
  assert.equal(all.opened.map(({ claim, received }) => [claim, received]), [[
    "claim of phone",
    ["hello"],
  ]]);
  all.opened[0]!.channel.close();
  await page.until("closed");
});

test("whoever has no ticket is cut, and nobody else", async () => {
  await using all = new Server();
  await all.on();
  const way = all.propose();
  const page = client.connect(way, channel(way, 2));
  await page.until("data");
  const wrong = { ticket: crypto.getRandomValues(new Uint8Array(32)) };
  const [preamble] = channel(way, 1);
  const cut = [
    client.connect(way, channel(wrong, 2)),
    client.connect(way, [Buffer.from("GET / HTTP/1.1\r\n\r\n".padEnd(60))]),
    // No channel has no streams, or nine.
    client.connect(way, [Buffer.concat([preamble!.subarray(0, 48), Buffer.from([0])])]),
    client.connect(way, [Buffer.concat([preamble!.subarray(0, 48), Buffer.from([9])])]),
  ];
  await Promise.all(cut.map((each) => each.until("closed")));
  // These take five seconds: half a preamble, half of a channel's streams, and no stream.
  const late = [
    client.connect(way, [preamble!.subarray(0, 20)]),
    client.connect(way, channel(way, 3).slice(1)),
    client.connect(way, []),
  ];
  await Promise.all(late.map((each) => each.until("closed")));
  assert.not.ok(page.has("closed"));
  assert.is(all.opened.length, 1);
  assert.equal(all.events, ["quic-on"]);
});

test("a ticket has twelve channels at a time", async () => {
  await using all = new Server();
  await all.on();
  const way = all.propose();
  const pages = Array.from({ length: 12 }, () => client.connect(way, channel(way, 1)));
  await Promise.all(pages.map((page) => page.until("data")));
  await client.connect(way, channel(way, 1)).until("closed");
  assert.is(all.opened.length, 12);
  all.opened[0]!.channel.close();
  await client.connect(way, channel(way, 1)).until("data");
});

test("a connection has sixteen streams at a time", async () => {
  await using all = new Server();
  await all.on();
  const way = all.propose();
  const page = client.connect(way, [1, 2, 3].flatMap(() => channel(way, 8)));
  await until(() => all.opened.length >= 1);
  await page.until("data");
  // One of them is HTTP/3's own.
  await client.connect(way, channel(way, 1)).until("data");
  assert.is(all.opened.length, 2);
});

test("tickets of an owner that is forgotten count no more, and the others' do", async () => {
  await using all = new Server();
  await all.on();
  const [revoked, other] = [all.propose("phone"), all.propose("tablet")];
  all.server.forget("phone");
  await client.connect(revoked, channel(revoked, 1)).until("closed");
  await client.connect(other, channel(other, 1)).until("data");
  assert.equal(all.opened.map(({ claim }) => claim), ["claim of tablet"]);
});

test("of an owner's tickets the 64 newest count", async () => {
  await using all = new Server();
  await all.on();
  const [first, second] = Array.from({ length: 65 }, () => all.propose());
  await client.connect(first!, channel(first!, 1)).until("closed");
  await client.connect(second!, channel(second!, 1)).until("data");
});

test("an endpoint that ends is started again, at the same port, for the same tickets", async () => {
  await using all = new Server();
  await all.on();
  const way = all.propose();
  const page = client.connect(way, channel(way, 1));
  await page.until("data");
  const [endpoint] = childrenOf(process.pid, "endpoint.ts");
  process.kill(endpoint!.pid, "SIGKILL");
  await until(() => all.events.includes("quic-ended"));
  assert.match(all.texts[1]!, "pages come by WebRTC: the QUIC endpoint has ended: SIGKILL");
  assert.is(all.server.propose("phone", ""), undefined);
  await all.on(2);
  assert.equal(all.propose().addresses, way.addresses);
  await client.connect(way, channel(way, 1)).until("data");
});

test("the certificate's key is in no command line, and no variable of the host reaches Deno", async () => {
  await using all = new Server();
  await all.on();
  const [endpoint, ...others] = childrenOf(process.pid, "endpoint.ts");
  assert.is(others.length, 0);
  assert.match(endpoint!.command, "--allow-net=[::]:0,0.0.0.0:0,127.0.0.1:");
  assert.not.match(endpoint!.command, "PRIVATE");
  if (process.platform !== "linux") return;
  const environment = await readFile(`/proc/${endpoint!.pid}/environ`, "utf8");
  const names = environment.split("\0").filter(Boolean).map((each) => each.split("=")[0]);
  assert.equal(names.toSorted(), ["DENO_DIR", "DENO_NO_UPDATE_CHECK", "NO_COLOR", "PATH"]);
});

test("a certificate whose time is over is replaced, at the same port", async () => {
  let now = Date.now();
  await using all = new Server({ now: () => now });
  await all.on();
  const before = all.propose();
  now += 10 * 86_400_000;
  assert.is(all.server.propose("phone", ""), undefined);
  await all.on(2);
  assert.equal(all.events, ["quic-on", "quic-on"]);
  const after = all.propose();
  assert.equal(after.addresses, before.addresses);
  assert.not.equal(after.hash, before.hash);
  assert.is(childrenOf(process.pid, "endpoint.ts").length, 1);
});

test("without Deno, the log says so once, and the cure is told", async () => {
  const environment = { PATH: "/nonexistent", DENO_INSTALL: temporaryFolder() };
  let looks = 0;
  await using all = new Server({
    environment,
    isOn: () => ++looks > 0,
    timing: { first: 1, longest: 2 },
  });
  await until(() => looks > 10);
  assert.equal(all.events, ["quic-off"]);
  const { state } = all.server;
  assert.is(state.state, "none");
  assert.match(JSON.stringify(state), "docs.deno.com");
  assert.is(all.server.propose("phone", ""), undefined);
});

test("a Deno that cannot do it is told with what it says", async () => {
  const folder = temporaryFolder();
  const script = "#!/bin/sh\necho 'error: unexpected argument' >&2\necho more >&2\nexit 1\n";
  await writeFile(join(folder, "deno"), script, { mode: 0o755 });
  await using all = new Server({ environment: { PATH: folder } });
  await until(() => all.events.length > 0);
  assert.match(all.texts[0]!, /the QUIC endpoint does not start: unexpected argument$/);
});

test("Deno is found through a script of npm's, which Node.js runs, and ends by its input", async () => {
  const folder = temporaryFolder();
  const script = `#!${process.execPath}
    const { spawnSync } = require("node:child_process");
    spawnSync(${JSON.stringify(await findDeno())}, process.argv.slice(2), { stdio: "inherit" });`;
  await writeFile(join(folder, "deno"), script, { mode: 0o755 });
  const all = new Server({ environment: { PATH: folder } });
  await all.on();
  const [wrapper] = childrenOf(process.pid, "endpoint.ts");
  const [endpoint] = childrenOf(wrapper!.pid, "endpoint.ts");
  assert.ok(endpoint);
  const way = all.propose();
  await client.connect(way, channel(way, 1)).until("data");
  await all[Symbol.asyncDispose]();
  assert.equal(childrenOf(process.pid, "endpoint.ts"), []);
  assert.not.ok(isRunning(endpoint.pid));
});

test("the setting ends it, with its channels, and starts it again", async () => {
  let isOn = true;
  await using all = new Server({ isOn: () => isOn });
  await all.on();
  const way = all.propose();
  const page = client.connect(way, channel(way, 1));
  await page.until("data");
  isOn = false;
  all.server.check();
  await page.until("closed");
  assert.equal([all.server.state, all.server.propose("phone", "")], [{ state: "off" }, undefined]);
  isOn = true;
  all.server.check();
  await all.on(2);
  assert.ok(all.server.state.state === "on");
});

test.run();
