// A relay in other hands: what it learns, and what it can do to a page and its host.
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { endPeers } from "../../host/peers/peer.ts";
import { invitedProtocols } from "../../host/testing/signalling.ts";
import { fromBase64url, toBase64url } from "../../wire/mod.ts";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { type Page as Site, startPage } from "../local/page.ts";
import { pairingLink } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { fetchText, openPage, untilState } from "./browser.ts";
import {
  openEnvelope,
  type Passing,
  type RecordingRelay,
  startRecordingRelay,
} from "./recording_relay.ts";
import { startScriptedHost } from "./scripted_host.ts";
import { withHostlessBridge } from "./with_bridge.ts";

const DEVICE = "Ännchens telephone";
const KIB = 1024;

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`relay and ${name}`, { deadline: 60_000 });
  let bridge: Bridge;
  let relay: RecordingRelay;
  let site: Site;
  let host: HostProcess;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  withHostlessBridge(test, { browser: name, isPublic: false }, async ({ stack, ...running }) => {
    ({ bridge, browser } = running);
    relay = stack.use(await startRecordingRelay(bridge));
    site = stack.use(await startPage({ relay: () => relay.url, stun: "none" }));
    host = bridge.startHost(["--relay", relay.url]);
    await host.until("online");
    context = await browser.createBrowserContext();
  });
  test.after(() => endPeers());
  test.before.each(() => relay.behave());

  /** Has the page dial anew, and gives the code with which that fails. */
  async function dialInVain(page: Page): Promise<string> {
    const [code, reason] = await page.evaluate(async () => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      tunnel.close();
      tunnel.connect();
      while (!tunnel.error) {
        await new Promise((resolve) =>
          tunnel.addEventListener("statechange", resolve, { once: true })
        );
        if (tunnel.state === "connected") throw new Error("It connected");
      }
      return [tunnel.error.code, tunnel.reason] as const;
    });
    assert.ok(reason.length > 20, reason);
    return code;
  }

  /** The honest pair connects afterwards. */
  async function dialHonestly(page: Page): Promise<void> {
    relay.behave();
    await page.evaluate(async () => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      tunnel.close();
      tunnel.connect();
      await tunnel.ready;
    });
    assert.is((await fetchText(page, "/api/notes")).status, 200);
  }

  const isOffer = ({ end, way, text }: Passing) =>
    end === "page" && way === "up" && text.includes('"sealed-offer"');
  const isAnswer = ({ end, way, text }: Passing) =>
    end === "page" && way === "down" && text.includes('"sealed-answer"');

  test("of a pairing, a visit and its requests, the relay learns nothing", async () => {
    page = await context.newPage();
    await page.evaluateOnNewDocument(() => {
      const made: RTCPeerConnection[] = [];
      globalThis.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(configuration?: RTCConfiguration) {
          super(configuration);
          made.push(this);
        }
      };
      Object.assign(globalThis, { made });
    });
    /** What page and host have said to each other, for the test to look for it elsewhere. */
    const sdpsOf = () =>
      page.evaluate(() => {
        const { made } = globalThis as unknown as { made: RTCPeerConnection[] };
        return made.flatMap((peer) => [peer.localDescription!.sdp, peer.remoteDescription!.sdp]);
      });
    const sdps: string[] = [];
    await page.goto(await pairingLink(bridge.state, site.url, "--name", DEVICE));
    await untilState(page, "connected");
    sdps.push(...await sdpsOf());
    for (let visit = 0; visit < 2; visit++) {
      await page.reload();
      await untilState(page, "connected");
      assert.is((await fetchText(page, "/api/notes?secret=path")).status, 200);
      sdps.push(...await sdpsOf());
    }
    const all = sdps.join("\n");
    const matches = (pattern: RegExp) =>
      [...all.matchAll(pattern)].map(([, value]) => value!.trim());
    const fingerprints = matches(/^a=fingerprint:sha-256 (.*)$/gm);
    const addresses = matches(/^a=candidate:(?:\S+ ){4}(\S+)/gm);
    assert.ok(fingerprints.length >= 2 && addresses.length >= 2, all);
    const secrets: (string | Uint8Array)[] = [
      ...fingerprints,
      ...fingerprints.map((text) => Buffer.from(text.replaceAll(":", ""), "hex")),
      ...addresses,
      ...matches(/^a=ice-(?:ufrag|pwd):(.*)$/gm),
      "a=candidate",
      "ice-ufrag",
      "fingerprint",
      "m=application",
      "v=0",
      DEVICE,
      "telephone",
      "/api/notes",
      "secret=path",
      site.url.slice(0, -1),
    ];
    const texts = relay.seen.map(({ text }) => text);
    assert.ok(texts.some((text) => text.includes('"sealed-answer"')));
    for (const secret of secrets) {
      for (const text of texts) {
        for (const bytes of readingsOf(text)) {
          assert.is(bytes.indexOf(secret as Buffer), -1, `${secret} in ${text.slice(0, 200)}`);
        }
      }
    }
    assert.not.match(JSON.stringify(host.lines), /lighthouse=/);
  });

  test("a connect costs one message out and one in, of 8 KiB at most", async () => {
    const before = relay.seen.length;
    await dialHonestly(page);
    const own = relay.seen.slice(before).filter(({ end }) => end === "page");
    assert.equal(own.map(({ way }) => way), ["up", "down"]);
    const sizes = own.map(({ text }) => text.length);
    console.log(`  ${name}: ${sizes[0]} bytes out, ${sizes[1]} in`);
    for (const size of sizes) assert.ok(size <= 8 * KIB);
  });

  test("a connect that warm() has prepared costs no more, and uses the WebSocket of it", async () => {
    const [messages, sockets] = [relay.seen.length, relay.connections];
    await page.evaluate(() => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      tunnel.close();
      tunnel.warm();
    });
    await until(() => relay.connections === sockets + 1);
    await page.evaluate(async () => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      if (tunnel.state !== "idle") throw new Error(`It is ${tunnel.state}`);
      tunnel.connect();
      await tunnel.ready;
    });
    assert.is((await fetchText(page, "/api/notes")).status, 200);
    const own = relay.seen.slice(messages).filter(({ end }) => end === "page");
    assert.equal(own.map(({ way }) => way), ["up", "down"]);
    assert.is(relay.connections, sockets + 1);
  });

  test("two visits of a device have nothing in common that the relay sees", () => {
    const offers = relay.seen.filter(isOffer).map(({ text }) => openEnvelope(text).data).slice(-2);
    const values = offers.map((offer) => Object.values(offer).map(String));
    for (
      const value of values[0]!.filter((value) => value.length > 12 && value !== "sealed-offer")
    ) {
      assert.not(values[1]!.includes(value), value);
    }
    assert.equal(offers.map((offer) => Object.keys(offer).sort()), [
      ["ct", "enc", "nonce", "tag", "time", "type", "v"],
      ["ct", "enc", "nonce", "tag", "time", "type", "v"],
    ]);
  });

  // What the page makes of changed and missing signals does not differ by browser, and takes half a minute.
  if (name === "chromium") testChanges();

  test("an offer that is replayed is not answered, and an old answer is not taken", async () => {
    const offer = relay.seen.findLast(isOffer)!.text;
    const oldAnswer = relay.seen.findLast(isAnswer)!.text;
    const socket = new WebSocket(bridge.gateway.url, await invitedProtocols(bridge), {
      headers: { origin: bridge.page.origins[0] },
    });
    await new Promise((resolve) => socket.on("open", resolve));
    const heard: string[] = [];
    socket.on("message", (data) => heard.push(String(data)));
    for (let i = 0; i < 3; i++) socket.send(offer);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(heard, []);
    socket.close();

    relay.onMessage = (passing) => {
      passing.pass(isAnswer(passing) ? oldAnswer : passing.text);
    };
    assert.is(await dialInVain(page), "bad-seal");
    await dialHonestly(page);
  });

  test("offers of two pages, swapped, bring neither a connection", async () => {
    const other = (await openPage(context, site.url)).page;
    await untilState(other, "connected");
    const held: Passing[] = [];
    relay.onMessage = (passing) => {
      if (!isOffer(passing)) return passing.pass(passing.text);
      held.push(passing);
      if (held.length < 2) return;
      const [a, b] = held.splice(0) as [Passing, Passing];
      a.pass(b.text);
      b.pass(a.text);
    };
    const codes = await Promise.all([dialInVain(page), dialInVain(other)]);
    assert.equal(codes, ["bad-seal", "bad-seal"]);
    await dialHonestly(page);
    await dialHonestly(other);
    await other.close();
  });

  test("an offer that comes after the page's next one changes nothing", async () => {
    let late: Passing | undefined;
    relay.onMessage = (passing) => {
      if (isOffer(passing) && !late) late = passing;
      else passing.pass(passing.text);
    };
    await page.evaluate(() => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      tunnel.close();
      tunnel.connect();
    });
    await until(() => late !== undefined);
    // Its page has given up and dials again. The relay has kept the first offer, and uses a socket of its own.
    await dialHonestly(page);
    const socket = new WebSocket(bridge.gateway.url, await invitedProtocols(bridge), {
      headers: { origin: bridge.page.origins[0] },
    });
    await new Promise((resolve) => socket.on("open", resolve));
    const answer = new Promise<string>((resolve) =>
      socket.on("message", (data) => resolve(String(data)))
    );
    socket.send(late!.text);
    // The host cannot know; whoever gets this answer cannot read it.
    assert.is(openEnvelope(await answer).data.type, "sealed-answer");
    socket.close();
    assert.is((await fetchText(page, "/api/notes")).status, 200);
  });

  test("a host with a key of its own in the place of the real one gets nothing to read", async () => {
    const environment = bridge.function.environment;
    await using impostor = await startScriptedHost(bridge);
    impostor.onOffer = ({ say }) =>
      say({
        type: "refused",
        code: "not-paired",
        message: "Come to me instead",
        hostKey: toBase64url(new Uint8Array(32).fill(1)),
      });
    assert.is(await dialInVain(page), "host-key-changed");
    const reason = await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.reason);
    assert.not.match(reason, /Come to me/);
    // It cannot seal an answer either: it has never had the offer open.
    impostor.onOffer = ({ say, signal }) => say({ type: "sealed-answer", v: 1, ct: signal.ct });
    assert.is(await dialInVain(page), "bad-seal");
    bridge.function.setEnvironment(environment, { staleFor: 0 });
    await dialHonestly(page);
    assert.is(
      await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.device!.name),
      DEVICE,
    );
  });

  test("a link that the relay's owner cannot see is of no use to another device", async () => {
    // The pairing offer is replayed from another socket, with another answer to expect: nothing comes.
    const pairing = relay.seen.find((passing) =>
      isOffer(passing) && passing.text.includes('"device"')
    )!;
    const socket = new WebSocket(bridge.gateway.url, await invitedProtocols(bridge), {
      headers: { origin: bridge.page.origins[0] },
    });
    await new Promise((resolve) => socket.on("open", resolve));
    const heard: string[] = [];
    socket.on("message", (data) => heard.push(String(data)));
    socket.send(pairing.text);
    const { data, withData } = openEnvelope(pairing.text);
    const own = toBase64url(new Uint8Array(65).fill(4));
    socket.send(withData({ ...data, device: own }));
    await until(() => heard.length > 0);
    // Time for an answer to the other offer, too.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    socket.close();
    assert.equal(heard.map((text) => openEnvelope(text).data.code), ["not-paired"]);
  });

  function testChanges(): void {
    for (const member of ["time", "nonce", "enc", "tag", "ct"] as const) {
      test(`an offer with a bit of its ${member} flipped brings no connection`, async () => {
        let flips = 0;
        relay.onMessage = (passing) => {
          if (!isOffer(passing)) return passing.pass(passing.text);
          flips++;
          const { data, withData } = openEnvelope(passing.text);
          passing.pass(withData({ ...data, [member]: flipped(data[member]) }));
        };
        assert.is(await dialInVain(page), "not-paired");
        assert.ok(flips > 0);
        await dialHonestly(page);
      });
    }

    test("an answer with a bit flipped brings no connection, wherever that is", async () => {
      for (const at of [0, 12, 200, -1]) {
        relay.onMessage = (passing) => {
          if (!isAnswer(passing)) return passing.pass(passing.text);
          const { data, withData } = openEnvelope(passing.text);
          passing.pass(withData({ ...data, ct: flipped(data.ct, at) }));
        };
        assert.is(await dialInVain(page), "bad-seal", `at ${at}`);
      }
      await dialHonestly(page);
    });

    for (const [what, is] of [["offer", isOffer], ["answer", isAnswer]] as const) {
      test(`an ${what} that is dropped is missed, and the next attempt connects`, async () => {
        let drops = 0;
        relay.onMessage = (passing) => {
          if (is(passing) && drops++ === 0) return;
          passing.pass(passing.text);
        };
        assert.is(await dialInVain(page), "no-answer");
        // By itself.
        await untilState(page, "connected");
        assert.is(drops, 2);
      });
    }
  }

  test.run();
}

/** A message's bytes, and those that its base64url stands for. */
function readingsOf(text: string): Buffer[] {
  const values = text.match(/[\w-]{16,}/g) ?? [];
  const decoded = values.flatMap((value) => {
    try {
      return [Buffer.from(fromBase64url(value))];
    } catch {
      return [];
    }
  });
  return [Buffer.from(text), ...decoded];
}

/** A number or base64url with one bit changed. @param at Which byte. @default the middle one */
function flipped(value: unknown, at?: number): unknown {
  if (typeof value === "number") return value % 2 ? value - 1 : value + 1;
  const bytes = fromBase64url(value as string);
  const index = at === undefined ? bytes.length >> 1 : at < 0 ? bytes.length + at : at;
  bytes[index]! ^= 1;
  return toBase64url(bytes);
}
