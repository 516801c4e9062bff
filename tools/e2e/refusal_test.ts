// Who and what is turned away: foreign origins, pages that address pages, malformed messages.
import type { Browser } from "puppeteer-core";
import * as assert from "uvu/assert";
import { WebSocket as Client } from "ws";
import { endPeers } from "../../host/peers/peer.ts";
import {
  type Channel,
  generateKeyPair,
  parseRelayMessage,
  parseSignal,
  type SealedAnswer,
  sealOffer,
  toBase64url,
} from "../../wire/mod.ts";
import { type Bridge, startBridge } from "../local/bridge.ts";
import { startPage } from "../local/page.ts";
import { suite } from "../testing/suite.ts";
import { fetchText, openConnected, openPage, untilState } from "./browser.ts";
import { startScriptedHost } from "./scripted_host.ts";
import { withBridge } from "./with_bridge.ts";

const test = suite("refusal", { deadline: 60_000 });

let bridge: Bridge;
let browser: Browser;

withBridge(test, {}, (running) => ({ bridge, browser } = running));
test.after(() => endPeers());

test("a page from an origin that is not listed is refused, and says what may be wrong", async () => {
  const { refused } = bridge.gateway.counts;
  await using foreign = await startPage({
    relay: () => bridge.gateway.url,
    hostKey: toBase64url(bridge.identity.publicKey),
  });
  const { page } = await openPage(browser, foreign.url);
  const reason = await untilState(page, "failed");
  assert.match(reason, /refuses pages from http:\/\/127\.0\.0\.1:\d+/);
  assert.ok(bridge.gateway.counts.refused > refused);
  await page.close();
});

test("a page that addresses another page is refused, and the other hears nothing", async () => {
  const { page } = await openConnected(browser, bridge.page.url);
  const [ids, answer, heard] = await page.evaluate(async (url) => {
    const open = async () => {
      const socket = new WebSocket(url);
      await new Promise((resolve) => socket.onopen = resolve);
      return socket;
    };
    const ask = async (socket: WebSocket, message: object) => {
      const answer = new Promise<string>((resolve) =>
        socket.onmessage = ({ data }) => resolve(data)
      );
      socket.send(JSON.stringify({ action: "sendSignal", ...message }));
      return JSON.parse(await answer);
    };
    const [one, two] = [await open(), await open()];
    const ids = [
      (await ask(one, { to: "me", data: 1 })).from,
      (await ask(two, { to: "me", data: 1 })).from,
    ];
    const heard: string[] = [];
    two.onmessage = ({ data }) => heard.push(data);
    const answer = await ask(one, {
      to: ids[1],
      from: "forged",
      data: { type: "answer", sdp: "x" },
    });
    // What is addressed to oneself comes back after whatever was sent before.
    await ask(two, { to: "me", data: 2 });
    return [ids, answer, heard.filter((text) => !text.includes('"data":2'))];
  }, bridge.gateway.url);
  assert.is.not(ids[0], ids[1]);
  assert.is(answer.error.code, "not-allowed");
  assert.equal(heard, []);
  await page.close();
});

test("malformed messages to the relay get their errors, and the next good one works", async () => {
  const { page } = await openPage(browser, bridge.page.url);
  const cases: [text: string, answer: RegExp][] = [
    ["not JSON", /Forbidden/],
    ["[]", /Forbidden/],
    ['{"action":"unknown"}', /Forbidden/],
    ['{"action":5}', /Forbidden/],
    ['{"action":"sendSignal"}', /"code":"bad-message"/],
    ['{"action":"sendSignal","data":null}', /"code":"bad-message"/],
    ['{"action":"sendSignal","to":5,"data":1}', /"code":"bad-message"/],
    ['{"action":"sendSignal","to":"","data":1}', /"code":"bad-message"/],
    [JSON.stringify({ action: "sendSignal", data: "x".repeat(32_000) }), /"code":"too-large"/],
    ['{"action":"sendSignal","data":"an offer?"}', /"code":"bad-message"/],
    ['{"action":"sendSignal","data":{"type":"offer","sdp":"v=0"}}', /"code":"bad-message"/],
    ['{"action":"sendSignal","data":{"type":"sealed-offer","v":1}}', /"code":"bad-message"/],
    ['{"action":"sendSignal","to":"me","data":"still there"}', /"data":"still there"/],
  ];
  const answers = await page.evaluate(
    async (url, texts) => {
      const socket = new WebSocket(url);
      await new Promise((resolve) => socket.onopen = resolve);
      const answers: string[] = [];
      for (const text of texts) {
        const answer = new Promise<string>((resolve) =>
          socket.onmessage = ({ data }) => resolve(data)
        );
        socket.send(text);
        answers.push(await answer);
      }
      return answers;
    },
    bridge.gateway.url,
    cases.map(([text]) => text),
  );
  for (const [index, [text, answer]] of cases.entries()) {
    assert.match(answers[index]!, answer, `the answer to ${text.slice(0, 80)}`);
  }
  await untilState(page, "connected");
  assert.is((await fetchText(page, "/api/notes")).status, 200);
  await page.close();
});

test("a sealed offer that is none of a data channel is refused, to whom it came from alone", async () => {
  const socket = new Client(bridge.gateway.url, { origin: bridge.page.origins[0] });
  await new Promise((resolve) => socket.on("open", resolve));
  for (
    const sdp of [
      "v=0",
      sdpWith("a=ice-ufrag:x"),
      sdpWith("a=ice-pwd:tooshort"),
      sdpWith("a=ice-pwd:odd characters, 22 of them!"),
    ]
  ) {
    const { signal, openAnswer } = await sealOffer({ sdp, origin: bridge.page.origins[0]! }, {
      hostKey: bridge.identity.publicKey,
      device: await generateKeyPair(),
      sender: { kind: "stranger" },
      time: Date.now(),
    });
    const answer = new Promise<string>((resolve) =>
      socket.once("message", (text) => resolve(String(text)))
    );
    socket.send(JSON.stringify({ action: "sendSignal", data: signal }));
    const message = parseRelayMessage(await answer);
    assert.is(message.kind, "signal");
    const sealed = parseSignal(message.kind === "signal" && message.data);
    assert.is(sealed.type, "sealed-answer");
    const opened = await openAnswer(sealed as SealedAnswer);
    assert.is("refused" in opened && opened.refused.code, "bad-offer", sdp.slice(0, 300));
  }
  socket.close();
});

test("a page takes no harm from a malformed host: signals first, then frames", async () => {
  await using other = await startBridge({ propagation: 200 });
  await using host = await startScriptedHost(other, { keys: other.identity.keys });
  let sessions = 0;
  /** What it does on its first connections. */
  const greetings: ((channel: Channel) => void)[] = [
    (channel) => channel.send(new Uint8Array([2, 200])),
    (channel) => channel.send(new TextEncoder().encode("HTTP/1.1 200 OK")),
    (channel) => channel.close(),
  ];
  host.onOffer = async ({ say, letIn }) => {
    say("not a signal");
    say({ type: "answer" });
    say({ type: "sealed-answer", v: 1, ct: 5 });
    say({ type: "what?" });
    const channel = await letIn();
    const greeting = greetings.shift();
    if (greeting) return greeting(channel);
    sessions++;
    await host.serve(channel, (carrier) => {
      // A message of nothing, a frame of no known type, and data of streams nobody opened.
      for (const bytes of [[], [0x3f, 1, 1], [2, 3, 40, 0, 1], [2, 3, 41, 0, 1]]) {
        carrier.send(new Uint8Array(bytes));
      }
    });
  };

  const { page } = await openPage(browser, other.page.url);
  // After three attempts that fail, with the pauses between them.
  await untilState(page, "connected", 30_000);
  for (let i = 0; i < 3; i++) assert.is((await fetchText(page, "/x")).text, "fine");
  assert.equal(greetings, []);
  assert.is(sessions, 1);
  await page.close();
});

test("an answer that is lost on the way costs one attempt, and the next one connects", async () => {
  const { page } = await openConnected(browser, bridge.page.url);
  let spoiled = 0;
  bridge.gateway.faults.post = (_id, body) => {
    if (!body.includes('"type":"sealed-answer"') || spoiled > 2) return undefined;
    spoiled++;
    // A server's error, which the relay tries again; all of its tries must fail.
    return 500;
  };
  await page.reload();
  await page.waitForSelector("lighthouse-tunnel:defined");
  await untilState(page, "connected", 30_000);
  assert.is(spoiled, 3);
  bridge.gateway.faults.post = undefined;
  await page.close();
});

/** A page's description whose lines of the same name as the given one are replaced by it. */
function sdpWith(line: string): string {
  const name = line.slice(0, line.indexOf(":"));
  return [
    "v=0",
    "o=- 1 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=ice-ufrag:abcd",
    "a=ice-pwd:abcdefghijklmnopqrstuv",
    `a=fingerprint:sha-256 ${Array(32).fill("AB").join(":")}`,
    "a=setup:actpass",
    "a=mid:0",
    "a=sctp-port:5000",
  ].map((other) => other.startsWith(`${name}:`) ? line : other).join("\r\n");
}

test.run();
