// Who and what is turned away: foreign origins, pages that address pages, malformed messages.
import * as assert from "uvu/assert";
import type { Browser } from "puppeteer-core";
import { WebSocket as Client } from "ws";
import { answerOffer, endPeers } from "../../host/peer.ts";
import { parseOffer } from "../../host/sdp.ts";
import { parseRelayMessage, parseSignal, serveRequest, Session } from "../../wire/mod.ts";
import { type Bridge, startBridge } from "../local/bridge.ts";
import { startPage } from "../local/page.ts";
import { suite } from "../testing/suite.ts";
import { fetchText, launchBrowser, openPage, untilState } from "./browser.ts";

const test = suite("refusal", { deadline: 60_000 });

let bridge: Bridge;
let browser: Browser;

test.before(async () => {
  bridge = await startBridge({ propagation: 200 });
  await bridge.startHost().until("online");
  browser = await launchBrowser();
});
test.after(async () => {
  await browser?.close();
  await bridge?.[Symbol.asyncDispose]();
});

test("a page from an origin that is not listed is refused, and says what may be wrong", async () => {
  const { refused } = bridge.gateway.counts;
  await using foreign = await startPage({ relay: () => bridge.gateway.url, stun: "none" });
  const { page } = await openPage(browser, foreign.url);
  const reason = await untilState(page, "failed");
  assert.match(reason, /refuses pages from http:\/\/127\.0\.0\.1:\d+/);
  assert.ok(bridge.gateway.counts.refused > refused);
  await page.close();
});

test("a page that addresses another page is refused, and the other hears nothing", async () => {
  const { page } = await openPage(browser, bridge.page.url);
  await untilState(page, "connected");
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
    [JSON.stringify({ action: "sendSignal", data: "x".repeat(20_000) }), /"code":"too-large"/],
    ['{"action":"sendSignal","data":"an offer?"}', /"code":"bad-message"/],
    ['{"action":"sendSignal","data":{"type":"offer"}}', /"code":"bad-message"/],
    ['{"action":"sendSignal","data":{"type":"offer","sdp":"v=0"}}', /"code":"bad-offer"/],
    [offerWith("a=ice-ufrag:x"), /"code":"bad-offer"/],
    [offerWith("a=ice-pwd:tooshort"), /"code":"bad-offer"/],
    [offerWith("a=ice-pwd:odd characters, 22 of them!"), /"code":"bad-offer"/],
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

test("a page takes no harm from a malformed host: signals first, then frames", async () => {
  await using other = await startBridge({ propagation: 200 });
  const host = new Client(other.gateway.url);
  await new Promise((resolve) => host.on("open", resolve));
  const sessions: Session[] = [];
  const own = await ownId(host);
  host.on("message", async (text) => {
    const message = parseRelayMessage(String(text));
    if (message.kind !== "signal" || !message.from) return;
    const signal = parseSignal(message.data);
    if (signal.type !== "offer") return;
    const say = (data: unknown) =>
      host.send(JSON.stringify({ action: "sendSignal", to: message.from, data }));
    say("not a signal");
    say({ type: "answer" });
    say({ type: "answer", sdp: 5 });
    say({ type: "what?" });
    const peer = answerOffer(parseOffer(signal.sdp), { stun: [] });
    say({ type: "answer", sdp: await peer.answer });
    const channel = await peer.channel;
    for (const bytes of [[], [2], [99, 0, 0, 0, 1], [2, 0, 0, 0, 7, 1], [1, 0, 0, 0, 0]]) {
      channel.send(new Uint8Array(bytes));
    }
    sessions.push(
      new Session(channel, {
        onStream: (stream) =>
          serveRequest(stream, () => {
            // Data of a stream that was never opened.
            channel.send(new Uint8Array([2, 0, 0, 0, 200, ...Array(100).fill(1)]));
            const body = new Blob(["fine"]).stream();
            return Promise.resolve({ status: 200, statusText: "OK", headers: [], body });
          }),
      }),
    );
  });
  other.function.setEnvironment({ ...other.function.environment, LAPTOP_ID: own }, { staleFor: 0 });

  const { page } = await openPage(browser, other.page.url);
  await untilState(page, "connected");
  for (let i = 0; i < 3; i++) assert.is((await fetchText(page, "/x")).text, "fine");
  await page.close();
  await Promise.all(sessions.map((session) => session.closed));
  host.close();
  endPeers();
});

test("an answer that is lost on the way costs one attempt, and the next one connects", async () => {
  const { page } = await openPage(browser, bridge.page.url);
  await untilState(page, "connected");
  let spoiled = 0;
  bridge.gateway.faults.post = (_id, body) => {
    if (!body.includes('"type":"answer"') || spoiled > 2) return undefined;
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

/** A page's offer whose lines of the same name as the given one are replaced by it. */
function offerWith(line: string): string {
  const name = line.slice(0, line.indexOf(":"));
  const lines = [
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
  ].map((other) => other.startsWith(`${name}:`) ? line : other);
  return JSON.stringify({ action: "sendSignal", data: { type: "offer", sdp: lines.join("\r\n") } });
}

async function ownId(socket: Client): Promise<string> {
  const answer = new Promise<string>((resolve) =>
    socket.on("message", (text) => {
      const { from, data } = JSON.parse(String(text));
      if (data === "who?") resolve(from);
    })
  );
  socket.send(JSON.stringify({ action: "sendSignal", to: "me", data: "who?" }));
  return await answer;
}

test.run();
