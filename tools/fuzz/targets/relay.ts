// The relay, and the session descriptions that it carries without seeing them.
import * as assert from "uvu/assert";
import { formatOffer, parseOffer } from "../../../host/peers/sdp.ts";
import { CHROMIUM_OFFER, FIREFOX_OFFER, mutate } from "../../../host/testing/offers.ts";
import { type GatewayEvent, parseAddress, parseEvent } from "../../../relay/event.ts";
import { relay } from "../../../relay/relay.ts";
import { connectEvent, disconnectEvent, messageEvent } from "../../../relay/testing/events.ts";
import { orRefused, type Target } from "../target.ts";

/** Who is registered, and the relay's address. */
const LAPTOP = "L0SM9cOFvHcCIhw=";
const REGION = "us-east-1";
const STATUSES = [200, 400, 401, 403];

export const relays: Target = {
  name: "relay",
  invariant:
    "Whatever event comes, it is refused as no event, or answered with 200, 400, 401 or 403.",
  start: () => async (draw) => {
    const text = draw.mutateText(
      '{"action":"sendSignal","to":"me","host":"laptop","data":{"a":1}}',
    );
    const good = draw.pick([
      connectEvent({ Origin: draw.pick(["https://page.example", draw.text()]) }),
      disconnectEvent(),
      messageEvent(draw.pick([LAPTOP, "PJqB0fHsqRcCHlw=", draw.text()]), text, draw.text()),
    ]);
    const value = draw.chance(0.5) ? draw.mutateJson(good) : good;
    let event: GatewayEvent;
    try {
      event = parseEvent(value);
      parseAddress(value, REGION);
    } catch (error) {
      if (error instanceof TypeError) return;
      throw error;
    }
    let posts = 0;
    const environment = {
      lookup: () => Promise.resolve(draw.pick([LAPTOP, undefined])),
      allowedOrigins: ["https://page.example"],
    };
    const { statusCode } = await relay(event, environment, () => {
      posts++;
      return Promise.resolve(draw.pick(["delivered", "gone", "too-large", "failed"] as const));
    });
    assert.ok(STATUSES.includes(statusCode), `status ${statusCode}`);
    assert.ok(posts <= 3, `${posts} posts`);
  },
};

/** The lines of a description that libdatachannel may see. */
const LINE =
  /^(?:v=0|o=- 1 1 IN IP4 127\.0\.0\.1|s=-|t=0 0|c=IN IP4 0\.0\.0\.0)$|^[am]=[\x20-\x7e]+$/;

export const sessionDescriptions: Target = {
  name: "session-descriptions",
  invariant:
    "An offer is refused with bad-offer, or written anew in lines that the host chose, and none more.",
  start: () => (draw) => {
    const offer = draw.pick([CHROMIUM_OFFER, FIREFOX_OFFER]);
    const sdp = draw.chance(0.7) ? mutate(offer, draw.random) : draw.mutateText(offer);
    const parsed = orRefused(() => parseOffer(sdp), "bad-offer");
    if (!parsed) return;
    const written = formatOffer(parsed);
    const lines = written.split("\r\n");
    assert.is(lines.pop(), "");
    for (const line of lines) assert.match(line, LINE);
    assert.is(lines.length, 16 + parsed.candidates.length);
    assert.equal(parseOffer(written), parsed);
  },
};
