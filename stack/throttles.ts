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

/** The settings that the throttles derive from. */
export interface ThrottleSettings {
  /** Messages of pages a second. */
  throttleRate: number;
  /** Messages of pages at once, above the rate. */
  throttleBurst: number;
  /** Connections opened a second. */
  connectRate: number;
}

/** The defaults of the settings. */
export const DEFAULT_THROTTLE_SETTINGS: ThrottleSettings = {
  throttleRate: 10,
  throttleBurst: 20,
  connectRate: 200,
};

/** AWS's own limit of requests at once, for an account and region. */
const MAX_BURST = 5_000;

/** The throttle of each route: docs/decisions.md, "A throttle for each route". */
export function throttlesOf(settings: ThrottleSettings): Record<RouteKey, Throttle> {
  const { throttleRate: rate, throttleBurst: burst, connectRate } = settings;
  return {
    // The relay refuses strangers here, beside whom there must be room for those that it lets in.
    $connect: { rate: connectRate, burst: 2 * connectRate },
    // The relay does nothing with it.
    $disconnect: { rate, burst },
    sendSignal: { rate, burst },
    // A host answers each message of a page at most once, and sends itself probes.
    hostSignal: { rate, burst: Math.min(2 * burst, MAX_BURST) },
  };
}

/** The throttles of a stack that sets none. */
export const DEFAULT_THROTTLES = throttlesOf(DEFAULT_THROTTLE_SETTINGS);
