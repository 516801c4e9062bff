// The page's errors when the host does not let it in. The page has its own sentence for each reason: a
// host that does not know a device cannot seal its words for it, and anybody could have written them.
import {
  type ErrorCode,
  expiryOf,
  fingerprintOf,
  LighthouseError,
  type UnsealedRefusal,
} from "../../wire/mod.ts";
import { HOW_TO_PAIR, type Identity } from "../identity/identity.ts";
import { ENGLISH } from "../texts/english.ts";
import { isFinal, isSlow } from "./connection_state.ts";

const AGAIN = "Run `lighthouse-host pair` on the laptop for another";

/** The page's words for refusals that count only when they are sealed. */
const SENTENCES: Partial<Record<ErrorCode, string>> = {
  "device-revoked": ENGLISH["device-revoked"],
  "pairing-used": ENGLISH["pairing-used"],
  "pairing-expired": ENGLISH["pairing-expired"],
  "wrong-origin":
    `The host has not paired this browser for the site ${globalThis.origin}. ${HOW_TO_PAIR}`,
  "clock-skew": ENGLISH["clock-skew"],
};

/** The error for a refusal that the host has sealed. */
export function sealedRefusal(
  { code, message }: Pick<UnsealedRefusal, "code" | "message">,
): LighthouseError {
  return new LighthouseError(code, SENTENCES[code] ?? message);
}

/**
 * The error for a refusal that is not sealed. It is a hint for people: the page's records stay as they
 * are, and further attempts are made.
 */
export async function plainRefusal(
  { code, message, hostKey }: UnsealedRefusal,
  identity: Pick<Identity, "hostKey" | "sender">,
): Promise<LighthouseError> {
  const { sender } = identity;
  if (isFinal(code) || code in SENTENCES) return forged(new Error(`an unsealed "${code}"`));
  if (hostKey !== undefined && hostKey !== await fingerprintOf(identity.hostKey)) {
    return new LighthouseError(
      "host-key-changed",
      sender.kind === "pairing"
        ? "The host that answers is not the one that printed this pairing link"
        : ENGLISH["host-key-changed"],
    );
  }
  if (code !== "not-paired") return new LighthouseError(code, message);
  return new LighthouseError(
    code,
    sender.kind === "pairing"
      ? `The host does not know this pairing link. ${AGAIN}`
      : sender.kind === "paired"
      ? `The host does not know this browser. ${HOW_TO_PAIR}`
      : `This browser is not paired. ${HOW_TO_PAIR}`,
  );
}

/**
 * The error when the relay cannot be reached, where this page may lack something to show to it.
 *
 * @param now Milliseconds since 1970.
 * @param isFirst Whether this page has not connected yet.
 * @returns Undefined if it lacks nothing. It is not final: the relay may only be away.
 */
export function refusedByRelay(
  { sender, admission }: Pick<Identity, "sender" | "admission">,
  now: number,
  isFirst = false,
): LighthouseError | undefined {
  const isOver = admission !== undefined && expiryOf(admission) * 1000 <= now;
  if (sender.kind === "pairing") {
    return new LighthouseError(
      isOver ? "not-paired" : "relay-unreachable",
      ENGLISH["link-refused"],
    );
  }
  if (!isOver && !(isFirst && sender.kind === "stranger")) return undefined;
  return new LighthouseError(
    "not-paired",
    isOver
      ? `This browser has not connected for 90 days, so the relay refuses it. ${HOW_TO_PAIR}`
      : "This browser is not paired. The relay cannot be reached, or refuses pages from " +
        `${globalThis.origin} or browsers that are not paired. ${HOW_TO_PAIR}`,
  );
}

/** The error that the relay reports. It is not believed about what only the host or the page can know. */
export function relayError({ code, message }: UnsealedRefusal): LighthouseError {
  return new LighthouseError(isFinal(code) || isSlow(code) ? "relay-failed" : code, message);
}

/** The error when an answer was not written by the host. */
export function forged(cause: unknown): LighthouseError {
  return new LighthouseError(
    "bad-seal",
    ENGLISH["bad-seal"],
    { cause },
  );
}
