// Why a connection goes the way it goes: page, pill, the host's log and doctor name the same cause, in real
// browsers and without networks of their own.
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { Finding } from "../../host/doctor/finding.ts";
import type { DeviceNetwork } from "../../host/doctor/networks.ts";
import { CAUSES, CURES } from "../../wire/mod.ts";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import type { HostLine, HostProcess } from "../local/host_process.ts";
import { run } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { openConnected, untilState } from "./browser.ts";
import { startStunServer } from "./stun_server.ts";
import { withBridge } from "./with_bridge.ts";

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`diagnosis in ${name}`, { deadline: 60_000 });
  let bridge: Bridge;
  let browser: Browser;
  let host: HostProcess;
  let context: BrowserContext;

  withBridge(
    test,
    { browser: name, quic: false },
    (running) => ({ bridge, browser, host } = running),
  );
  test.before.each(async () => {
    context = await browser.createBrowserContext();
  });
  test.after.each(() => context.close());

  /** Opens a page from which no packet reaches the host. @param stun Its STUN server. */
  async function openBlocked(stun: string, script: () => void = breakCandidates): Promise<Page> {
    const page = await context.newPage();
    await page.evaluateOnNewDocument(script);
    await page.goto(bridge.page.url);
    await page.waitForSelector("lighthouse-tunnel:defined");
    await page.evaluate((stun) => {
      document.querySelector("lighthouse-tunnel")!.stun = stun;
    }, stun);
    await untilState(page, "connected");
    return page;
  }

  const diagnose = (page: Page) =>
    page.evaluate(() => document.querySelector("lighthouse-tunnel")!.diagnose());
  const shown = (page: Page) =>
    page.evaluate(() =>
      document.querySelector("lighthouse-tunnel")!.shadowRoot!
        .querySelector("[role=status]")!.textContent!.replaceAll(/\s+/g, " ").trim()
    );
  /** What the host knows of the newest page. */
  async function hostSays(): Promise<DeviceNetwork> {
    const { output } = await run(["status", "--json", "--state", bridge.state]);
    return JSON.parse(output).networks.devices[0];
  }
  /** What doctor says of it. */
  async function doctorSays(): Promise<Finding> {
    const { output } = await run(
      ["doctor", "--json", ...bridge.hostFlags()],
      bridge.hostEnvironment,
    );
    const findings = output.trim().split("\n").map((line) => JSON.parse(line) as Finding);
    return findings.find(({ check }) => check === "device")!;
  }

  test("a direct connection needs no cure, and both ends have told what they see", async () => {
    const { page } = await openConnected(context, bridge.page.url);
    const { way, ways, cause, cures, page: seen, host: theirs } = await diagnose(page);
    assert.equal([way, ways.direct, cause, cures], ["direct", "used", "direct", []]);
    assert.is(seen.stun, "off");
    assert.ok(seen.candidates!.length > 0);
    assert.equal([theirs!.stun, theirs!.turn], ["off", "off"]);
    const said = await hostSays();
    assert.equal([said.cause, said.page.way], ["direct", "direct"]);
  });

  test("where the page's network lets no UDP through, page, pill, log and doctor say so", async () => {
    await using silent = await startStunServer({ answers: false });
    const page = await openBlocked(silent.url);
    const { way, cause, message, cures, page: seen } = await diagnose(page);
    assert.equal([way, cause, message], ["relayed", "page-no-udp", CAUSES["page-no-udp"]]);
    assert.equal(cures.map(({ text }) => text), [CURES["page-udp"], CURES["add-turns"]]);
    assert.is(seen.stun, "silent");
    const pill = await shown(page);
    for (const text of [message, CURES["page-udp"]]) assert.ok(pill.includes(`${text}.`), pill);
    const isTold = ({ event, message: line }: HostLine) =>
      event === "page-network" && String(line).includes(message);
    await until(() => host.lines.some(isTold));
    const said = await hostSays();
    assert.equal([said.cause, said.page], [cause, seen]);
    assert.match(said.message, message);
    const { output } = await run(["status", "--state", bridge.state]);
    assert.match(output.replaceAll(/\s+/g, " "), `through the relay`);
    assert.match(output.replaceAll(/\s+/g, " "), message);
    if (name === "chromium") {
      const finding = await doctorSays();
      assert.match(finding.message, /connected through the relay, /);
      assert.match(finding.message, message);
      assert.match(finding.cure!, CURES["page-udp"]);
    }
    await page.evaluate(() => document.documentElement.setAttribute("lang", "de"));
    await page.waitForFunction(() =>
      document.querySelector("lighthouse-tunnel")!.shadowRoot!
        .querySelector("[role=status]")!.textContent!.includes("lässt kein UDP durch")
    );
  });

  // What a browser shows then is the same in both.
  if (name === "chromium") {
    test("where a setting hides all addresses from WebRTC, or there is none, they say that", async () => {
      const hidden = await diagnose(await openBlocked("none", hideAddresses));
      assert.equal([hidden.way, hidden.cause], ["relayed", "hidden-addresses"]);
      assert.is((await hostSays()).cause, "hidden-addresses");
      const without = await diagnose(await openBlocked("none", removeWebRtc));
      assert.equal([without.way, without.cause], ["relayed", "no-webrtc"]);
      assert.is((await hostSays()).cause, "no-webrtc");
    });
  }

  test("a page whose host is off line has its own view, and the error", async () => {
    const { page } = await openConnected(context, bridge.page.url);
    await host.stop();
    await untilState(page, "offline");
    const { way, cause, cures, page: seen } = await diagnose(page);
    assert.equal([way, cause, cures], [undefined, "host-offline", []]);
    assert.ok(seen.candidates!.length > 0);
  });

  test.run();
}

/** In a page: gives the host candidates with a port where nobody is, and takes none of the host's. */
function breakCandidates(): void {
  const Native = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Native {
    override setRemoteDescription({ type, sdp = "" }: RTCSessionDescriptionInit): Promise<void> {
      return super.setRemoteDescription({ type, sdp: sdp.replace(/^a=candidate:.*\r\n/gm, "") });
    }

    override set onicecandidate(listener: RTCPeerConnection["onicecandidate"]) {
      super.onicecandidate = ({ candidate }) => {
        const { candidate: text, sdpMid, sdpMLineIndex } = candidate ?? { candidate: "" };
        const broken = text.replace(/ \d+ typ /, " 9 typ ");
        const event = { candidate: candidate && { candidate: broken, sdpMid, sdpMLineIndex } };
        listener?.call(this, event as unknown as RTCPeerConnectionIceEvent);
      };
    }
  };
}

/** In a page: what an extension or a browser's setting does. */
function hideAddresses(): void {
  const Native = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Native {
    constructor(config?: RTCConfiguration) {
      super({ ...config, iceTransportPolicy: "relay" });
    }
  };
}

function removeWebRtc(): void {
  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"]) {
    Reflect.deleteProperty(globalThis, name);
  }
}
