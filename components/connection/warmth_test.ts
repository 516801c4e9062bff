import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { LighthouseError } from "../../wire/mod.ts";
import { ManualTimers } from "../testing/manual_timers.ts";
import { MemoryPeer } from "../testing/memory_peer.ts";
import type { PeerOptions } from "./peer.ts";
import type { RelaySocketOptions } from "./relay_socket.ts";
import { type WarmSettings, Warmth } from "./warmth.ts";

const test = suite("warmth");

const UNUSED_MS = 30_000;
const RELAY = new URL("wss://relay.example/prod");
const ICE = { iceServers: [{ urls: ["stun:stun.example"] }] };
const SETTINGS: WarmSettings = {
  relay: RELAY,
  ice: ICE,
  identities: {
    current: () => Promise.resolve({ admission: "a".repeat(22) }),
    withIceServers: (ice) => ice,
  } as WarmSettings["identities"],
};

/** A page's platform, which tells what is made and closed. */
function setUp() {
  const timers = new ManualTimers();
  const peers: { peer: MemoryPeer; options: PeerOptions }[] = [];
  const sockets: { options: RelaySocketOptions; sent: string[]; isClosed: boolean }[] = [];
  const warmth = new Warmth({
    createPeer: (options) => {
      const peer = new MemoryPeer();
      peers.push({ peer, options });
      return peer;
    },
    openRelaySocket: (_relay, options) => {
      const socket = { options, sent: [] as string[], isClosed: false };
      sockets.push(socket);
      return {
        send: (text) => void socket.sent.push(text),
        close: () => {
          socket.isClosed = true;
        },
      };
    },
    startTimer: timers.start,
    now: () => 0,
    origin: "https://page.example",
  });
  /** An attempt begins. */
  const dial = (ice = ICE, relay = RELAY) => {
    const calls: string[] = [];
    const open = Promise.withResolvers<void>();
    const peer = warmth.platform.createPeer({ ice, until: open.promise });
    const socket = warmth.platform.openRelaySocket(relay, {
      protocols: sockets[0]?.options.protocols,
      onOpen: () => {
        calls.push("open");
        open.resolve();
      },
      onMessage: (text) => calls.push(text),
      onFailure: ({ code }) => calls.push(code),
    });
    return { peer, socket, calls };
  };
  return { warmth, timers, peers, sockets, dial };
}

test("an attempt takes the peer and the socket that were prepared, and hears of them", async () => {
  const { warmth, timers, peers, sockets, dial } = setUp();
  await warmth.prepare(SETTINGS);
  assert.is(sockets[0]!.options.protocols!.length, 2, "it shows what lets the page in");
  let isOffering = false;
  peers[0]!.options.until!.then(() => isOffering = true);
  sockets[0]!.options.onOpen!();
  await new Promise((resolve) => setImmediate(resolve));
  assert.not(isOffering, "candidates are gathered until the attempt");

  const { peer, socket, calls } = dial();
  assert.is(peer, peers[0]!.peer);
  assert.equal([peers.length, sockets.length], [1, 1]);
  assert.equal(calls, ["open"]);
  await peers[0]!.options.until;
  socket.send("offer");
  assert.equal(sockets[0]!.sent, ["offer"]);
  sockets[0]!.options.onMessage("answer");
  sockets[0]!.options.onFailure(new LighthouseError("relay-unreachable", "Gone"));
  assert.equal(calls, ["open", "answer", "relay-unreachable"]);
  assert.equal(timers.running, []);
  assert.not(peers[0]!.peer.isClosed || sockets[0]!.isClosed);
});

test("an attempt that begins before the socket is open hears of that later", async () => {
  const { warmth, sockets, dial } = setUp();
  await warmth.prepare(SETTINGS);
  const { calls } = dial();
  assert.equal(calls, []);
  sockets[0]!.options.onOpen!();
  assert.equal(calls, ["open"]);
});

test("what is prepared serves one attempt: the next makes its own", async () => {
  const { warmth, peers, sockets, dial } = setUp();
  await warmth.prepare(SETTINGS);
  dial();
  dial();
  assert.equal([peers.length, sockets.length], [2, 2]);
});

test("an attempt with other settings makes its own, and closes what was prepared", async () => {
  const { warmth, peers, sockets, dial } = setUp();
  await warmth.prepare(SETTINGS);
  dial({ iceServers: [] }, new URL("wss://other.example/prod"));
  assert.equal([peers.length, sockets.length], [2, 2]);
  assert.ok(peers[0]!.peer.isClosed && sockets[0]!.isClosed);
  assert.not(peers[1]!.peer.isClosed || sockets[1]!.isClosed);
});

test("what no attempt takes is closed after 30 s, or when the relay refuses", async () => {
  for (const end of ["time", "relay"]) {
    const { warmth, timers, peers, sockets } = setUp();
    await warmth.prepare(SETTINGS);
    if (end === "time") timers.expire(UNUSED_MS);
    else sockets[0]!.options.onFailure(new LighthouseError("relay-unreachable", "No"));
    assert.ok(peers[0]!.peer.isClosed && sockets[0]!.isClosed);
    assert.equal(timers.running, []);
    await warmth.prepare(SETTINGS);
    assert.equal([peers.length, sockets.length], [2, 2], "it can be prepared again");
  }
});

test("asked twice, it prepares once; and nothing where an attempt began meanwhile", async () => {
  const { warmth, peers, sockets, dial } = setUp();
  await Promise.all([warmth.prepare(SETTINGS), warmth.prepare(SETTINGS)]);
  assert.equal([peers.length, sockets.length], [1, 1]);
  warmth.close();
  const preparing = warmth.prepare(SETTINGS);
  dial();
  await preparing;
  assert.equal([peers.length, sockets.length], [2, 2]);
});

test("an attempt's peer gathers before the identity is known, and closes if the attempt fails first", () => {
  const { warmth, peers, dial } = setUp();
  const end = warmth.begin(SETTINGS);
  assert.is(peers.length, 1);
  assert.is(dial().peer, peers[0]!.peer);
  end();
  assert.not(peers[0]!.peer.isClosed, "the attempt has it");
  warmth.begin(SETTINGS)();
  assert.ok(peers[1]!.peer.isClosed);
  warmth.begin({ ...SETTINGS, registry: RELAY })();
  assert.is(peers.length, 2, "the host may be offline");
});

test("an attempt uses the peer that is prepared, and takes the place of what is being prepared", async () => {
  const { warmth, peers, sockets } = setUp();
  await warmth.prepare(SETTINGS);
  warmth.begin(SETTINGS)();
  assert.is(peers.length, 1);
  assert.not(peers[0]!.peer.isClosed);
  warmth.close();
  const preparing = warmth.prepare(SETTINGS);
  warmth.begin(SETTINGS);
  await preparing;
  assert.equal([peers.length, sockets.length], [2, 1]);
});

test("without a known host, or WebRTC, it prepares nothing and says nothing", async () => {
  const { warmth, sockets } = setUp();
  const identities = {
    ...SETTINGS.identities,
    current: () => Promise.reject(new LighthouseError("not-paired", "No host")),
  };
  await warmth.prepare({ ...SETTINGS, identities });
  assert.is(sockets.length, 0);
  await warmth.prepare(SETTINGS);
  assert.is(sockets.length, 1);
});

test.run();
