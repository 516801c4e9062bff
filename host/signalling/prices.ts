// AWS's prices for the relay.

/** Billed amounts. */
export interface Billed {
  /** Messages of up to 32 KB, into the gateway and out of it. */
  messages: number;
  /** Minutes of connections. */
  minutes: number;
  /** Runs of the Lambda. */
  runs: number;
}

/** Prices in US dollars in us-east-1, without free tier. */
export const PRICES = {
  /** Date of the prices. */
  date: "2026-11",
  sources: [
    "https://aws.amazon.com/api-gateway/pricing/",
    "https://aws.amazon.com/lambda/pricing/",
  ],
  messages: 1.00 / 1e6,
  minutes: 0.25 / 1e6,
  runs: 0.20 / 1e6,
  /** Price of a GB-second on arm64. */
  gigabyteSeconds: 13.33 / 1e6,
} as const;

/** Assumed time of a run in seconds, and its memory in GB (stack/relay_function.ts). */
const RUN_SECONDS = 0.02;
const RUN_GIGABYTES = 0.5;

/** One connect: offer and answer, each in and out; at most one minute; and four runs. */
export const CONNECT: Billed = { messages: 4, minutes: 1, runs: 4 };

/** A host that is online for 30 days, and sends itself a probe every four minutes. */
export const HOST_MONTH: Billed = {
  messages: 2 * 30 * 24 * 15,
  minutes: 30 * 24 * 60,
  runs: 30 * 24 * 15,
};

/** The cost of billed amounts in US dollars. */
export function costOf({ messages, minutes, runs }: Billed): number {
  const time = runs * RUN_SECONDS * RUN_GIGABYTES * PRICES.gigabyteSeconds;
  return messages * PRICES.messages + minutes * PRICES.minutes + runs * PRICES.runs + time;
}

/** Billed amounts of a host that is online for a month, with a number of connects. */
export function monthWith(connects: number): Billed {
  return {
    messages: HOST_MONTH.messages + connects * CONNECT.messages,
    minutes: HOST_MONTH.minutes + connects * CONNECT.minutes,
    runs: HOST_MONTH.runs + connects * CONNECT.runs,
  };
}

/** Formats dollars: `$5.62`, and with more digits for small amounts. */
export function formatDollars(dollars: number): string {
  if (dollars >= 0.995) return `$${dollars.toFixed(2)}`;
  return `$${Number(dollars.toPrecision(2)).toFixed(dollars >= 0.001 ? 3 : 6)}`;
}
