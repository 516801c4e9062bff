import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { toBase64url } from "../base64url.ts";
import { failureOf } from "../testing/failure.ts";
import { importKeyPair } from "../testing/keys.ts";
import { readVectors } from "../testing/read_vectors.ts";
import { fromHex, toHex } from "../testing/vectors.ts";
import {
  earlyProofOf,
  importResumptionSecret,
  openEarlyAnswer,
  openEarlyOffer,
  sealEarlyAnswer,
  sealEarlyOffer,
  ticketOf,
} from "./early.ts";
import { generateKeyPair, importTagKey, rawPublicKey } from "./keys.ts";
import { type Offer, openOffer, sealOffer, type SealOfferOptions } from "./seal.ts";

const test = suite("first messages");

interface KeyVector {
  private: string;
  public: string;
}

const { vectors } = readVectors<{
  vectors: {
    secret: string;
    nonce: string;
    sdp: string;
    ephemeral: KeyVector;
    challenge: KeyVector;
    ticket: string;
    proof: string;
    offer: { messages: string; ct: string };
    answer: { messages: string; ct: string };
  }[];
}>("first_messages.json");

for (const vector of vectors) {
  const secretOf = () => importResumptionSecret(fromHex(vector.secret));
  const keysOf = ({ private: own, public: key }: KeyVector) => {
    return importKeyPair(fromHex(own), fromHex(key));
  };
  const nonce = fromHex(vector.nonce);
  const context = { nonce, sdp: vector.sdp };

  test("the vectors' ticket and proof come of their secret", async () => {
    assert.is(await ticketOf(await secretOf()), vector.ticket);
    assert.is(toHex(await earlyProofOf(await secretOf())), vector.proof);
  });

  test("the vectors' messages are sealed and opened", async () => {
    const [secret, page, host] = await Promise.all([
      secretOf(),
      keysOf(vector.ephemeral),
      keysOf(vector.challenge),
    ]);
    const { offer, answer } = vector;
    const early = await sealEarlyOffer(secret, context, fromHex(offer.messages));
    assert.equal(early, { ticket: vector.ticket, ct: offer.ct });
    assert.is(toHex(await openEarlyOffer(secret, context, early)), offer.messages);
    const ours = { own: host.privateKey, other: fromHex(vector.ephemeral.public) };
    const ct = await sealEarlyAnswer(secret, nonce, ours, fromHex(answer.messages));
    assert.is(ct, answer.ct);
    const theirs = { own: page.privateKey, other: fromHex(vector.challenge.public) };
    assert.is(toHex(await openEarlyAnswer(secret, nonce, theirs, ct)), answer.messages);
  });
}

const host = await generateKeyPair();
const device = await generateKeyPair();
const MESSAGES = new Uint8Array([1, 2, 3]);

/** Seals an offer with first messages, and opens it. */
async function exchange(
  offer: Partial<Offer> = {},
  options: Partial<SealOfferOptions> = {},
) {
  const secret = await importResumptionSecret(crypto.getRandomValues(new Uint8Array(32)));
  const sent = await sealOffer({ sdp: "v=0", origin: "https://page.example", ...offer }, {
    hostKey: await rawPublicKey(host),
    device,
    sender: { kind: "paired", tagKey: await importTagKey(new Uint8Array(32)) },
    time: 1,
    ephemeral: await generateKeyPair(),
    early: { secret, take: () => MESSAGES },
    ...options,
  });
  const opened = await openOffer(sent.signal, { host, device: await rawPublicKey(device) });
  return { secret, sent, opened };
}

test("an offer brings messages, and its answer the host's", async () => {
  const { secret, sent, opened } = await exchange();
  assert.equal(await opened.openEarly(secret), MESSAGES);
  assert.is(opened.offer.early!.ticket, await ticketOf(secret));
  const early = { secret, take: () => new Uint8Array([7]) };
  const { signal } = await opened.sealAnswer({ time: 2, sdp: "v=1" }, { early });
  const answer = await sent.openAnswer(signal);
  assert.equal("early" in answer && answer.early, new Uint8Array([7]));
});

test("an answer without the host's messages has not taken the page's", async () => {
  const { sent, opened } = await exchange();
  const { signal } = await opened.sealAnswer({ time: 2, sdp: "v=1" });
  assert.not.ok("early" in await sent.openAnswer(signal));
});

test("an answer says that messages were taken, even if there is no room for the host's", async () => {
  const { secret, sent, opened } = await exchange();
  let room = 0;
  const early = { secret, take: (bytes: number) => (room = bytes, undefined) };
  const sdp = "v=1".padEnd(5900, "a");
  const answer = await sent.openAnswer(
    (await opened.sealAnswer({ time: 2, sdp }, { early })).signal,
  );
  assert.ok(room < 100, `${room}`);
  assert.equal("early" in answer && answer.early, new Uint8Array());
});

test("no other secret, and no other offer, opens the messages", async () => {
  const { secret, opened } = await exchange();
  const other = await exchange();
  assert.is((await failureOf(opened.openEarly(other.secret))).code, "bad-seal");
  const { early } = opened.offer;
  for (const offer of [{ early }, { early, sdp: "v=0 of another page" }]) {
    const copied = await exchange(offer, { early: undefined });
    assert.is((await failureOf(copied.opened.openEarly(secret))).code, "bad-seal");
  }
});

test("who opens the offer with the host's key does not see the messages", async () => {
  const { opened } = await exchange({}, {
    early: {
      secret: await importResumptionSecret(new Uint8Array(32)),
      take: () => new TextEncoder().encode("GET /secret"),
    },
  });
  const all = atob(opened.offer.early!.ct.replaceAll("-", "+").replaceAll("_", "/"));
  assert.not.ok(all.includes("secret"));
});

test("messages fill an offer's room, and an answer's, to the last of its 8 KiB", async () => {
  const fill = (room: number) => crypto.getRandomValues(new Uint8Array(Math.max(0, room)));
  const secret = await importResumptionSecret(new Uint8Array(32));
  for (const length of [100, 2000, 3500]) {
    const sdp = "v=0".padEnd(length, "a");
    const { sent, opened } = await exchange({ sdp }, { early: { secret, take: fill } });
    const early = { secret, take: fill };
    const { signal } = await opened.sealAnswer({ time: 2, sdp }, { early });
    for (const each of [sent.signal, signal]) {
      const size = JSON.stringify(each).length;
      assert.ok(size <= 8192 && size > 7900, `${size} bytes with ${length} of SDP`);
    }
  }
});

test("malformed members of an offer and of an answer are refused", async () => {
  const ticket = toBase64url(new Uint8Array(16));
  const bad = [7, {}, { ticket }, { ticket: "AA", ct: "AA" }, { ticket, ct: "A=" }];
  for (const early of bad) {
    const error = await failureOf(exchange({ early: early as never }, { early: undefined }));
    assert.is(error.code, "bad-message", JSON.stringify(early));
  }
});

test.run();
