// The real program with a relay: a page that has paired by a link is revoked, and offers by the same link
// in every order of revocation, restart and offer.
import * as assert from "uvu/assert";
import { type Bridge, startBridge } from "../tools/local/bridge.ts";
import { pairingLink, run } from "../tools/testing/program.ts";
import { suite } from "../tools/testing/suite.ts";
import { parsePairingFragment, type Sender, sendRequest, type Signal } from "../wire/mod.ts";
import { endPeers } from "./peers/peer.ts";
import { accepted, outcomeOf, TestDevice } from "./testing/access.ts";
import { TestPage } from "./testing/page.ts";
import { openSignalling } from "./testing/signalling.ts";

const test = suite("revoke", { deadline: 60_000 });
// A page's channel may miss its end, and would keep the process alive.
test.after(() => endPeers());

/** A browser of the bridge's site. */
class Browser {
  readonly #bridge: Bridge;
  readonly #device: TestDevice;

  constructor(bridge: Bridge, device: TestDevice) {
    this.#bridge = bridge;
    this.#device = device;
  }

  /** Offers, and opens the answer. */
  async offer(sender: Sender, sdp = "none") {
    using socket = await openSignalling(this.#bridge);
    this.#device.sender = sender;
    return await this.#device.offer(async (data) => {
      const message = await socket.ask(data);
      return message?.kind === "signal" ? message.data as Signal : undefined;
    }, { sdp, origin: this.#bridge.page.origins[0] });
  }

  /** What an offer comes to. A host that would let it in says that there is no session description. */
  async outcome(sender: Sender): Promise<string> {
    return outcomeOf(await this.offer(sender));
  }

  /** Pairs, connects, and gets the backend's notes. @returns What it is paired as. */
  async visit(link: Sender) {
    let tagKey: Uint8Array<ArrayBuffer> | undefined;
    let id = "";
    await using page = await TestPage.connect(async (sdp) => {
      const answer = accepted(await this.offer(link, sdp));
      ({ tagKey } = answer);
      ({ id } = answer.device!);
      return answer;
    });
    const session = await page.startSession();
    const get = { method: "GET", target: "/api/notes", headers: [], body: null };
    const { status, body } = await sendRequest(session, get);
    await body?.cancel();
    assert.is(status, 200);
    session.close();
    await this.#device.use(tagKey!);
    return { id, paired: this.#device.sender };
  }
}

type Step = "revoke" | "restart" | "stop" | "start";

const orders: Step[][] = [
  ["revoke"],
  ["revoke", "restart"],
  ["restart", "revoke"],
  ["stop", "revoke", "start"],
];
for (const steps of orders) {
  test(`a page whose device is revoked does not come back by its link: ${steps.join(", ")}`, async () => {
    await using bridge = await startBridge({ propagation: 0, isPublic: false });
    const { state } = bridge;
    const link = async (): Promise<Sender> => {
      const { hash } = new URL(await pairingLink(state, bridge.page.url));
      return { kind: "pairing", secret: parsePairingFragment(hash)!.secret };
    };
    let host = bridge.startHost();
    await host.until("online");
    const first = await link();
    const thief = new Browser(bridge, await TestDevice.create(bridge.identity));
    const owner = new Browser(bridge, await TestDevice.create(bridge.identity));
    const { id, paired } = await thief.visit(first);
    assert.is(await owner.outcome(first), "pairing-used");

    let [isRunning, isRevoked] = [true, false];
    for (const step of steps) {
      if (step === "revoke") {
        const { code, output } = await run(["revoke", id], { LIGHTHOUSE_STATE: state });
        assert.is(code, 0);
        assert.match(output, `(${id}): its connections end`);
        isRevoked = true;
      }
      if (step === "restart" || step === "stop") {
        await host.stop();
        isRunning = false;
      }
      if (step === "restart" || step === "start") {
        host = bridge.startHost();
        await host.until("online");
        isRunning = true;
      }
      for (let again = 0; again < 2 && isRunning && isRevoked; again++) {
        assert.is(await thief.outcome(first), "device-revoked", `after ${step}`);
        assert.is(await thief.outcome(paired), "device-revoked", `after ${step}`);
        assert.is(await owner.outcome(first), "pairing-used", `after ${step}`);
      }
    }
    await owner.visit(await link());
    assert.is(await thief.outcome(first), "device-revoked");
    // The owner takes the revocation back by another link.
    await thief.visit(await link());
  });
}

test.run();
