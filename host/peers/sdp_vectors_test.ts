// The vectors of session descriptions (docs/connecting.md, "The session description").
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { LighthouseError } from "../../wire/mod.ts";
import { readVectors } from "../../wire/testing/read_vectors.ts";
import { formatOffer, type Offer, parseOffer } from "./sdp.ts";

const test = suite("sdp vectors");

const vectors = readVectors<{
  good: { name: string; sdp: string; offer: Offer }[];
  bad: { name: string; sdp: string }[];
}>("session_descriptions.json");

for (const { name, sdp, offer } of vectors.good) {
  test(`an offer is read: ${name}`, () => {
    assert.equal(parseOffer(sdp), offer);
    assert.equal(parseOffer(formatOffer(offer)), offer);
  });
}

for (const { name, sdp } of vectors.bad) {
  test(`an offer is refused: ${name}`, () => {
    assert.throws(
      () => parseOffer(sdp),
      (error: unknown) => error instanceof LighthouseError && error.code === "bad-offer",
    );
  });
}

test.run();
