import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { LighthouseError } from "../error.ts";
import type { Stream } from "../session/stream.ts";
import { MAX_SDP } from "../signal/signal.ts";
import { failureOf } from "../testing/failure.ts";
import { Link } from "../testing/link.ts";
import { isOffer, sendOffer, serveOffer } from "./lane_offer.ts";

const test = suite("lane_offer");

const OFFER = "v=0\r\ns=-\r\n";
const ANSWER = "v=0\r\ns=answer\r\n";

/** Runs with a page whose host answers offers, and sees that no stream is left. */
async function withHost(
  answer: (sdp: string) => Promise<string>,
  use: (link: Link) => Promise<void>,
): Promise<void> {
  const link = new Link({ onStream: (stream) => void serveOffer(stream, answer) });
  try {
    await link.connect();
    await use(link);
    await until(() => link.page.streams === 0 && link.host?.streams === 0);
  } finally {
    await link.close();
  }
}

function offer(link: Link, sdp: string, signal = new AbortController().signal): Promise<string> {
  return sendOffer(link.page, sdp, signal);
}

test("an offer comes to the host, and its answer to the page", async () => {
  const offers: string[] = [];
  await withHost((sdp) => {
    offers.push(sdp);
    return Promise.resolve(ANSWER);
  }, async (link) => {
    assert.is(await offer(link, OFFER), ANSWER);
    assert.equal(offers, [OFFER]);
  });
});

test("a refusal comes to the page with its code", async () => {
  const refuse = () => Promise.reject(new LighthouseError("host-busy", "No more"));
  await withHost(refuse, async (link) => {
    const { code, message } = await failureOf(offer(link, OFFER));
    assert.equal([code, message], ["host-busy", "No more"]);
  });
});

for (
  const [what, sdp] of [
    ["longer than an SDP may be", OFFER.padEnd(MAX_SDP + 1, "\n")],
    ["no SDP", "{}"],
  ] as const
) {
  test(`an offer that is ${what} is bad, and so is such an answer`, async () => {
    await withHost(() => Promise.resolve(sdp), async (link) => {
      assert.is((await failureOf(offer(link, sdp))).code, "bad-offer");
      assert.is((await failureOf(offer(link, OFFER))).code, "bad-offer");
    });
  });
}

test("a page that gives up resets the stream", async () => {
  const end = new AbortController();
  let seen: Stream | undefined;
  const link = new Link({ onStream: (stream) => seen = stream });
  try {
    await link.connect();
    const answer = failureOf(offer(link, OFFER, end.signal));
    await until(() => seen !== undefined);
    end.abort(new Error("Enough"));
    assert.is((await answer).message, "Enough");
    await until(() => seen!.signal.aborted);
    assert.is(seen!.signal.reason.code, "aborted");
  } finally {
    await link.close();
  }
});

test("isOffer() tells an SDP from a request's head", () => {
  const encoder = new TextEncoder();
  assert.is(isOffer(encoder.encode(OFFER)), true);
  assert.is(isOffer(encoder.encode('{"method":"GET"}')), false);
  assert.is(isOffer(new Uint8Array()), false);
});

test.run();
