import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { toBase64url } from "../base64url.ts";
import { failureOf } from "../testing/failure.ts";
import { importKeyPair } from "../testing/keys.ts";
import { readVectors } from "../testing/read_vectors.ts";
import { fromHex, toHex } from "../testing/vectors.ts";
import {
  type EarlyOffer,
  earlyProofOf,
  type EarlySecret,
  importResumptionSecret,
  makeEarlySecret,
  openEarlyAnswer,
  openEarlyOffer,
  sealEarlyAnswer,
  sealEarlyOffer,
  ticketOf,
} from "./early.ts";
import { generateKeyPair, importTagKey, rawPublicKey } from "./keys.ts";
import { derivePairingKeys } from "./pairing.ts";
import { type Offer, openOffer, sealOffer, type SealOfferOptions, type Sender } from "./seal.ts";

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
    fresh: Extract<EarlyOffer, { secret: string }>;
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
    const early = await sealEarlyOffer({ key: secret }, context, fromHex(offer.messages));
    assert.equal(early, { ticket: vector.ticket, ct: offer.ct });
    const { since } = vector.fresh;
    const made = { key: secret, fresh: fromHex(vector.secret), since };
    assert.equal(await sealEarlyOffer(made, context, fromHex(offer.messages)), vector.fresh);
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
    early: { secret: { key: secret }, take: () => MESSAGES },
    ...options,
  });
  const opened = await openOffer(sent.signal, { host, device: await rawPublicKey(device) });
  return { secret, sent, opened };
}

test("an offer brings messages, and its answer the host's", async () => {
  const { secret, sent, opened } = await exchange();
  assert.equal(await opened.openEarly(secret), MESSAGES);
  assert.is((opened.offer.early as { ticket: string }).ticket, await ticketOf(secret));
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
      secret: { key: await importResumptionSecret(new Uint8Array(32)) },
      take: () => new TextEncoder().encode("GET /secret"),
    },
  });
  const all = atob(opened.offer.early!.ct.replaceAll("-", "+").replaceAll("_", "/"));
  assert.not.ok(all.includes("secret"));
});

test("messages fill an offer's room, and an answer's, to the last of its 8 KiB", async () => {
  const fill = (room: number) => crypto.getRandomValues(new Uint8Array(Math.max(0, room)));
  const { key, fresh } = await makeEarlySecret();
  const tagKey = await importTagKey(new Uint8Array(32));
  const time = 1_795_651_200_000;
  const senders: [Sender, EarlySecret][] = [
    [{ kind: "paired", tagKey }, { key }],
    [{ kind: "stranger" }, { key, fresh }],
    [{ kind: "stranger" }, { key, fresh, since: time }],
  ];
  for (const [sender, secret] of senders) {
    for (const length of [100, 2000, 3500]) {
      const sdp = "v=0".padEnd(length, "a");
      const options = { sender, time, early: { secret, take: fill } };
      const { sent, opened } = await exchange({ sdp }, options);
      const early = { secret: key, take: fill };
      const { signal } = await opened.sealAnswer({ time: 2, sdp }, { early });
      for (const each of [sent.signal, signal]) {
        const size = JSON.stringify(each).length;
        assert.ok(size <= 8192 && size > 7900, `${size} bytes with ${length} of SDP`);
      }
    }
  }
});

test("a pairing's offer brings its fresh secret, and has room for it and a name", async () => {
  const secret = crypto.getRandomValues(new Uint8Array(16));
  const { key, fresh } = await makeEarlySecret();
  const fill = (room: number) => crypto.getRandomValues(new Uint8Array(room));
  const sent = await sealOffer(
    { sdp: "v=0", origin: "https://page.example", name: "a".repeat(64) },
    {
      hostKey: await rawPublicKey(host),
      device,
      sender: { kind: "pairing", secret },
      time: 1_795_651_200_000,
      ephemeral: await generateKeyPair(),
      early: { secret: { key, fresh, since: 1_795_651_200_000 }, take: fill },
    },
  );
  const { psk } = await derivePairingKeys(secret);
  const opened = await openOffer(sent.signal, { host, device: await rawPublicKey(device), psk });
  const { early } = opened.offer;
  assert.equal(early, {
    secret: toBase64url(fresh!),
    since: 1_795_651_200_000,
    ct: early!.ct,
  });
  assert.ok((await opened.openEarly(key)).length > 3000);
  assert.ok(JSON.stringify(sent.signal).length <= 8192);
});

test("malformed members of an offer and of an answer are refused", async () => {
  const ticket = toBase64url(new Uint8Array(16));
  const secret = toBase64url(new Uint8Array(32));
  const since = [-1, 0.5, "1", null].map((since) => ({ secret, since, ct: "AA" }));
  const bad = [
    7,
    {},
    { ticket },
    { ticket: "AA", ct: "AA" },
    { ticket, ct: "A=" },
    { ct: "AA" },
    { secret },
    { secret: ticket, ct: "AA" },
    { secret, ticket, ct: "AA" },
    ...since,
  ];
  for (const early of bad) {
    const error = await failureOf(exchange({ early: early as never }, { early: undefined }));
    assert.is(error.code, "bad-message", JSON.stringify(early));
  }
});

test.run();
