// In the page: seals offers and opens their answers.
import {
  fromBase64url,
  generateKeyPair,
  importTagKey,
  rawPublicKey,
  type SealedAnswer,
  type SealedOffer,
  sealOffer,
  type SentOffer,
  toBase64url,
} from "../../../wire/mod.ts";

/** Settings of the page. */
export interface SealingSettings {
  /** The host's raw public key, in base64url. */
  hostKey: string;
  /** The session description to seal. */
  sdp: string;
}

/** The globals of the page's script. Times are in milliseconds. */
export interface SealingPage {
  /** @returns The device's raw public key, in base64url. */
  start: (settings: SealingSettings) => Promise<string>;
  seal: () => Promise<{ signal: SealedOffer; time: number }>;
  /** Opens the answer to the last offer. */
  open: (answer: SealedAnswer) => Promise<number>;
}

const page = globalThis as unknown as SealingPage;

page.start = async ({ hostKey, sdp }) => {
  const device = await generateKeyPair();
  const tagKey = await importTagKey(crypto.getRandomValues(new Uint8Array(32)));
  let sent: SentOffer;
  page.seal = async () => {
    const started = performance.now();
    sent = await sealOffer({ sdp, origin }, {
      hostKey: fromBase64url(hostKey),
      device,
      sender: { kind: "paired", tagKey },
      time: Date.now(),
    });
    return { signal: sent.signal, time: performance.now() - started };
  };
  page.open = async (answer) => {
    const started = performance.now();
    await sent.openAnswer(answer);
    return performance.now() - started;
  };
  return toBase64url(await rawPublicKey(device));
};
