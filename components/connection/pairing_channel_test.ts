import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { announcePairing, onPairing } from "./pairing_channel.ts";

const test = suite("pairing channel");

const RELAY = new URL("wss://relay.example/prod");

test("a page hears of a pairing in another page, until it stops listening", async () => {
  const end = new AbortController();
  const heard = Promise.withResolvers<string>();
  onPairing(heard.resolve, { signal: end.signal });
  announcePairing(RELAY);
  assert.is(await heard.promise, RELAY.href);

  const never: string[] = [];
  const other = Promise.withResolvers<string>();
  const otherEnd = new AbortController();
  const early = new AbortController();
  onPairing((relay) => never.push(relay), { signal: early.signal });
  early.abort();
  onPairing(other.resolve, { signal: otherEnd.signal });
  announcePairing(RELAY);
  await other.promise;
  assert.equal(never, []);
  end.abort();
  otherEnd.abort();
});

test("a browser without channels for the site does without", () => {
  const openChannel = () => {
    throw new DOMException("No storage", "SecurityError");
  };
  onPairing(() => {}, { signal: new AbortController().signal, openChannel });
  announcePairing(RELAY, { openChannel });
});

test.run();
