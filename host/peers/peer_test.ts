import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIP } from "node:net";
import process from "node:process";
import { text } from "node:stream/consumers";
import * as assert from "uvu/assert";
import { seededRandom } from "../../tools/testing/random.ts";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import type { Channel } from "../../wire/mod.ts";
import { CHROMIUM_OFFER, FIREFOX_OFFER, mutate } from "../testing/offers.ts";
import { TestPage } from "../testing/page.ts";
import { answerOffer, endPeers, type Peer } from "./peer.ts";
import { formatOffer, parseOffer } from "./sdp.ts";

const test = suite("peer", { deadline: 20_000 });

/** All peers of this file: one that is left open by a test that fails makes endPeers() hang. */
const peers: Peer[] = [];

test.after(() => {
  for (const peer of peers) peer.close();
  endPeers();
});

async function answer(page: TestPage): Promise<Peer> {
  const peer = answerOffer(parseOffer(await page.offer), { ice: { iceServers: [] } });
  peers.push(peer);
  return peer;
}

/** A page and the host's peer, connected. */
interface Connected extends AsyncDisposable {
  page: TestPage;
  peer: Peer;
  /** The host's end of the channel, and the page's. */
  ours: Channel;
  theirs: Channel;
}

async function connect(): Promise<Connected> {
  let peer: Peer | undefined;
  const page = await TestPage.connect(async (offer) => {
    peer = answerOffer(parseOffer(offer), { ice: { iceServers: [] } });
    peers.push(peer);
    return { sdp: await peer.answer };
  });
  const [ours, theirs] = await Promise.all([peer!.channel, page.channel]);
  return { page, peer: peer!, ours, theirs, [Symbol.asyncDispose]: () => page.close() };
}

async function bindSocket(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind();
  await once(socket, "listening");
  return socket;
}

function nextMessage(channel: Channel): Promise<Uint8Array | string> {
  return new Promise((resolve) => channel.onmessage = resolve);
}

function nextClose(channel: Channel): Promise<void> {
  return new Promise((resolve) => channel.onclose = resolve);
}

/** Gives offers to a process of its own, which answers them as the host does. */
async function takeInChild(offers: string[]) {
  const program = new URL("../testing/take_offers.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {}).end(JSON.stringify(offers));
  const [output, errors, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code, signal, errors, output };
}

test("no offer with malformed ICE credentials reaches node-datachannel", async () => {
  const sound = formatOffer(parseOffer(CHROMIUM_OFFER));
  const malformed = [
    sound.replace(/a=ice-ufrag:.*/, "a=ice-ufrag:abc"),
    sound.replace(/a=ice-ufrag:.*/, "a=ice-ufrag:ab cd"),
    sound.replace(/a=ice-ufrag:.*/, "a=ice-ufrag:a-b_c"),
    sound.replace(/a=ice-pwd:.*/, `a=ice-pwd:${"p".repeat(21)}`),
    sound.replace(/a=ice-pwd:.*/, `a=ice-pwd:${"p".repeat(22)}-`),
  ];
  const { code, signal, output } = await takeInChild([...malformed, sound]);
  assert.equal({ code, signal }, { code: 0, signal: null });
  assert.equal(JSON.parse(output), { answered: 1, refused: malformed.length });
});

test("answerOffer() lives through whatever parseOffer() takes", async () => {
  const random = seededRandom(2);
  const sample = [CHROMIUM_OFFER, FIREFOX_OFFER];
  while (sample.length < 150) {
    const sdp = mutate(sample[sample.length % 2]!, random);
    try {
      if (!sample.includes(formatOffer(parseOffer(sdp)))) sample.push(sdp);
    } catch {
      // Not of the sample.
    }
  }
  const { code, signal, errors, output } = await takeInChild(sample);
  assert.equal({ code, signal, errors }, { code: 0, signal: null, errors: "" });
  assert.equal(JSON.parse(output), { answered: sample.length, refused: 0 });
});

test("answerOffer() answers with candidates and without trickle", async () => {
  await using page = new TestPage();
  const peer = await answer(page);
  const sdp = await peer.answer;
  assert.match(sdp, /^a=candidate:.* typ host/m);
  assert.match(sdp, /^a=setup:active\r$/m);
});

test("a mapped port is bound, named in the answer, and released at the end", async () => {
  await using page = new TestPage();
  const offer = parseOffer(await page.offer);
  const socket = await bindSocket();
  const { port } = socket.address();
  socket.close();
  let released = 0;
  const mapped = {
    port,
    outer: { address: "198.17.2.2", port: 4000 },
    release: () => void released++,
  };
  const peer = answerOffer(offer, { ice: { iceServers: [] }, mapped });
  peers.push(peer);
  const sdp = await peer.answer;
  assert.match(sdp, new RegExp(` ${port} typ host`));
  assert.match(sdp, " 198.17.2.2 4000 typ srflx");
  assert.is(released, 0);
  peer.close();
  await peer.closed;
  assert.is(released, 1);
});

test("a mapped port that another program has bound is left out, and released", async () => {
  await using page = new TestPage();
  const offer = parseOffer(await page.offer);
  const socket = await bindSocket();
  let released = 0;
  const mapped = {
    port: socket.address().port,
    outer: { address: "198.17.2.2", port: 4000 },
    release: () => void released++,
  };
  const peer = answerOffer(offer, { ice: { iceServers: [] }, mapped });
  peers.push(peer);
  assert.is(released, 1);
  assert.not.match(await peer.answer, "198.17.2.2");
  socket.close();
});

test("a channel opens and carries bytes both ways", async () => {
  await using connected = await connect();
  const { peer, ours, theirs } = connected;
  const heard = nextMessage(ours);
  theirs.send(new Uint8Array([1, 2, 3]));
  assert.equal(await heard, new Uint8Array([1, 2, 3]));
  const reply = nextMessage(theirs);
  ours.send(new Uint8Array([4, 5]));
  assert.equal(new Uint8Array(await reply as Uint8Array), new Uint8Array([4, 5]));
  const { remoteAddress, ...types } = peer.path!;
  assert.equal(types, { local: "host", remote: "host" });
  assert.ok(isIP(remoteAddress!), remoteAddress);
  peer.close();
  await peer.closed;
  assert.is(peer.path, undefined);
});

test("a message is in memory of its own, and text comes as text", async () => {
  await using connected = await connect();
  const { peer, ours, theirs } = connected;
  const messages: (Uint8Array | string)[] = [];
  const { promise: all, resolve } = Promise.withResolvers<void>();
  ours.onmessage = (message) => {
    if (messages.push(message) === 2) resolve();
  };
  theirs.send(new Uint8Array([1, 1]));
  theirs.send(new Uint8Array([2, 2]));
  await all;
  const [first, second] = messages as Uint8Array[];
  first!.fill(9);
  assert.equal(second, new Uint8Array([2, 2]));
  assert.is.not(first!.buffer, second!.buffer);
  peer.close();
});

test("bufferedAmount counts what is queued, and is 0 when it has been sent", async () => {
  await using connected = await connect();
  const { peer, ours, theirs } = connected;
  let received = 0;
  let sent = 0;
  theirs.onmessage = (message) => void (received += message.length);
  const chunk = new Uint8Array(16 * 1024);
  for (let round = 0; round < 3; round++) {
    do {
      ours.send(chunk);
      sent += chunk.length;
      assert.ok(sent < 256 * 1024 * 1024, "it is never queued");
    } while (ours.bufferedAmount < 1024 * 1024);
    await until(() => ours.bufferedAmount === 0);
  }
  await until(() => received >= sent);
  assert.is(received, sent);
  peer.close();
});

test("a second channel is closed, and the first goes on", async () => {
  await using connected = await connect();
  const { peer, ours, theirs } = connected;
  const second = await connected.page.openChannel("another");
  await nextClose(second);
  const heard = nextMessage(ours);
  theirs.send(new Uint8Array([7]));
  assert.equal(await heard, new Uint8Array([7]));
  peer.close();
});

test("a page that closes its connection ends the peer", async () => {
  const { page, peer, ours } = await connect();
  const closed = nextClose(ours);
  await page.close();
  await Promise.all([closed, peer.closed]);
});

test("a page that closes its channel alone ends the peer", async () => {
  await using connected = await connect();
  const { peer, ours, theirs } = connected;
  // A close that comes before the channel's opening has been acknowledged is not always told.
  const heard = nextMessage(ours);
  theirs.send(new Uint8Array([1]));
  await heard;
  const closed = nextClose(ours);
  theirs.close();
  await Promise.all([closed, peer.closed]);
});

test("close() tells the page, can be called again, and send() does nothing afterwards", async () => {
  await using connected = await connect();
  const { peer, ours, theirs } = connected;
  const told = nextClose(theirs);
  const closed = nextClose(ours);
  peer.close();
  peer.close();
  ours.close();
  ours.send(new Uint8Array([1]));
  await Promise.all([told, closed, peer.closed]);
  ours.send(new Uint8Array([1]));
  assert.is(ours.bufferedAmount, 0);
});

test("close() before the channel opens rejects it", async () => {
  await using page = new TestPage();
  const peer = await answer(page);
  peer.close();
  await peer.closed;
  for (const promise of [peer.answer, peer.channel]) {
    const error = await promise.then(() => assert.unreachable(), (error) => error);
    assert.is(error.code, "connection-lost");
  }
});

test("a connection whose messages come faster than they are read ends, and nothing more is read", async () => {
  await using connected = await connect();
  const { ours, theirs } = connected;
  let read = 0;
  ours.onmessage = () => {
    read++;
    const end = performance.now() + 5;
    while (performance.now() < end);
  };
  const closed = nextClose(ours);
  const message = new Uint8Array(64 * 1024);
  for (let sent = 0; sent < 128; sent++) theirs.send(message);
  await closed;
  const before = read;
  assert.ok(before < 96, `${before} were read`);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.is(read, before);
});

test.run();
