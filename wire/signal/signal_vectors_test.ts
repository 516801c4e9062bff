// The vectors of what comes before a connection: pairing links, the relay's envelopes with the signals
// in them, and hosts' entries in S3 (docs/connecting.md, docs/security.md).
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { thrownBy } from "../testing/failure.ts";
import { readVectors } from "../testing/read_vectors.ts";
import { fromHex, toHex } from "../testing/vectors.ts";
import { parseRelayMessage, parseSendSignal } from "./envelope.ts";
import { isSignedBy, parseHostEntry } from "./host_entry.ts";
import { derivePairingKeys, formatPairingFragment, parsePairingFragment } from "./pairing.ts";
import { parseSignal } from "./signal.ts";

const test = suite("signal vectors");

interface Link {
  name: string;
  link: string;
  hostKey: string;
  secret: string;
  admission?: string;
  psk: string;
  tagKey: string;
}

const links = readVectors<{
  links: Link[];
  older: Link[];
  none: { name: string; fragment: string }[];
  bad: { name: string; fragment: string }[];
}>("pairing_links.json");

for (const known of [...links.links, ...links.older]) {
  const isOlder = links.older.includes(known);
  test(`a pairing link is ${isOlder ? "read" : "written and read"}: ${known.name}`, async () => {
    const { hash } = new URL(known.link);
    const parts = {
      hostKey: fromHex(known.hostKey),
      secret: fromHex(known.secret),
      ...known.admission !== undefined && { admission: known.admission },
    };
    assert.equal(parsePairingFragment(hash), parts);
    if (!isOlder) assert.is(formatPairingFragment(parts), hash);
    const { psk, tagKey } = await derivePairingKeys(parts.secret);
    assert.is(toHex(psk), known.psk);
    assert.is(toHex(tagKey), known.tagKey);
  });
}

for (const { name, fragment } of links.none) {
  test(`a fragment holds no pairing link: ${name}`, () => {
    assert.is(parsePairingFragment(fragment), undefined);
  });
}

for (const { name, fragment } of links.bad) {
  test(`a pairing link is refused: ${name}`, () => {
    assert.is(thrownBy(() => parsePairingFragment(fragment)).code, "bad-link");
  });
}

interface Text {
  name: string;
  text: string;
}

const envelopes = readVectors<{
  toRelay: { good: (Text & { to?: string; host?: string; data: unknown })[]; bad: Text[] };
  fromRelay: { good: (Text & { message: Record<string, unknown> })[]; bad: Text[] };
  signals: {
    good: { name: string; data: unknown; read: unknown }[];
    bad: { name: string; data: unknown }[];
  };
}>("envelopes.json");

/** A value as JSON has it: without members that are undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

for (const { name, text, ...read } of envelopes.toRelay.good) {
  test(`a message to the relay is read: ${name}`, () => {
    assert.equal(plain(parseSendSignal(text)), read);
  });
}

for (const { name, text } of envelopes.toRelay.bad) {
  test(`a message to the relay is refused: ${name}`, () => {
    assert.is(thrownBy(() => parseSendSignal(text)).code, "bad-message");
  });
}

for (const { name, text, message } of envelopes.fromRelay.good) {
  test(`a message from the relay is read: ${name}`, () => {
    const read = parseRelayMessage(text);
    // An error's text is for people.
    if (read.kind === "error") assert.equal(plain({ ...read, message: undefined }), message);
    else assert.equal(plain(read), message);
  });
}

for (const { name, text } of envelopes.fromRelay.bad) {
  test(`a message from the relay is refused: ${name}`, () => {
    assert.is(thrownBy(() => parseRelayMessage(text)).code, "bad-message");
  });
}

for (const { name, data, read } of envelopes.signals.good) {
  test(`a signal is read: ${name}`, () => assert.equal(plain(parseSignal(data)), read));
}

for (const { name, data } of envelopes.signals.bad) {
  test(`a signal is refused: ${name}`, () => {
    assert.is(thrownBy(() => parseSignal(data)).code, "bad-message");
  });
}

const entries = readVectors<{
  hostKey: string;
  entries: (Text & { host: string; entry: unknown; signed: boolean; lines?: string[] })[];
  bad: (Text & { host: string })[];
}>("host_entries.json");

const hostKey = fromHex(entries.hostKey);

for (const { name, text, host, entry, signed } of entries.entries) {
  test(`a host's entry is ${signed ? "its own" : "not its own"}: ${name}`, async () => {
    const read = parseHostEntry(text, host);
    assert.equal(plain(read), entry);
    assert.is(await isSignedBy(read, hostKey), signed);
  });
}

for (const { name, text, host } of entries.bad) {
  test(`a host's entry is refused: ${name}`, () => {
    assert.is(thrownBy(() => parseHostEntry(text, host)).code, "bad-message");
  });
}

test.run();
