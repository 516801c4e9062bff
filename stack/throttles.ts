// The gateway's throttles, by route. Nothing of Pulumi's is here: tools/local's gateway imports this file,
// and a test holds host/signalling/prices.ts against it.
//
// AWS counts each route by itself, and calls a throttle a target rather than a ceiling:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-protect.html

/** A token bucket. */
export interface Throttle {
  /** Requests a second. */
  rate: number;
  /** Requests at once, above the rate. */
  burst: number;
}

/** The routes that the relay handles: docs/architecture.md, "One connect". */
export type RouteKey = "$connect" | "$disconnect" | "sendSignal" | "hostSignal";

/** The default of the settings `throttleRate` and `throttleBurst`: pages' messages. */
export const DEFAULT_THROTTLE: Throttle = { rate: 10, burst: 20 };

/** AWS's own limits of an account and region: requests a second, at once, and new connections a second. */
const MOST = { rate: 10_000, burst: 5_000, connects: 500 };

/**
 * The throttle of each route: docs/decisions.md, "A throttle for each route".
 *
 * @param pages That of pages' messages, which the settings give. The others follow it.
 */
export function throttlesOf(pages: Throttle): Record<RouteKey, Throttle> {
  const times = (factor: number, most: number): Throttle => ({
    rate: Math.min(factor * pages.rate, most),
    burst: Math.min(factor * pages.burst, MOST.burst),
  });
  return {
    // The relay refuses strangers here. They must leave room for those whom it lets in.
    $connect: times(20, MOST.connects),
    // The relay does nothing with it.
    $disconnect: times(1, MOST.rate),
    sendSignal: times(1, MOST.rate),
    // A host answers each message of a page, and sends itself probes.
    hostSignal: times(2, MOST.rate),
  };
}

/** The throttles of a stack that sets none. */
export const DEFAULT_THROTTLES = throttlesOf(DEFAULT_THROTTLE);
