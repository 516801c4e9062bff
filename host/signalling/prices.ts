// AWS's prices for the relay, and what others can make its owner pay.

/** Billed amounts. */
export interface Billed {
  /** Messages of up to 32 KB, into the gateway and out of it. */
  messages: number;
  /** Minutes of connections. */
  minutes: number;
  /** Runs of the Lambda. */
  runs: number;
  /** Bytes out of AWS, where they are worth counting: those of relayed sessions. @default 0 */
  bytes?: number;
}

/** Prices in US dollars in us-east-1, without free tier. */
export const PRICES = {
  /** Date of the prices. */
  date: "2026-11",
  sources: [
    "https://aws.amazon.com/api-gateway/pricing/",
    "https://aws.amazon.com/lambda/pricing/",
    "https://aws.amazon.com/s3/pricing/",
    "https://aws.amazon.com/cloudwatch/pricing/",
    "https://aws.amazon.com/ec2/pricing/on-demand/",
  ],
  messages: 1.00 / 1e6,
  minutes: 0.25 / 1e6,
  runs: 0.20 / 1e6,
  /** Price of a GB-second on arm64. */
  gigabyteSeconds: 13.33 / 1e6,
  /** Requests that write to S3, and that read from it. */
  s3Writes: 5.00 / 1e6,
  s3Reads: 0.40 / 1e6,
  /** Price of a GB (1e9 bytes) that leaves AWS, and of a GB of logs. */
  gigabytesOut: 0.09,
  gigabytesLogged: 0.50,
} as const;

/** Assumed time of a run in seconds, and its memory in GB (stack/relay_function.ts). */
const RUN_SECONDS = 0.02;
const RUN_GIGABYTES = 0.5;

/** Bytes that AWS bills as one message: https://aws.amazon.com/api-gateway/pricing/ */
const UNIT_BYTES = 32 * 1024;

/** One connect: offer and answer, each in and out; at most one minute; and four runs. */
export const CONNECT: Billed = { messages: 4, minutes: 1, runs: 4 };

/** A host that is online for 30 days, and sends itself a probe every four minutes. */
export const HOST_MONTH: Billed = {
  messages: 2 * 30 * 24 * 15,
  minutes: 30 * 24 * 60,
  runs: 30 * 24 * 15,
};

/** The cost of billed amounts in US dollars. */
export function costOf({ messages, minutes, runs, bytes = 0 }: Billed): number {
  const time = runs * RUN_SECONDS * RUN_GIGABYTES * PRICES.gigabyteSeconds;
  const out = bytes / 1e9 * PRICES.gigabytesOut;
  return messages * PRICES.messages + minutes * PRICES.minutes + runs * PRICES.runs + time + out;
}

/** A message of a relayed session, into the gateway and out of it. @param bytes Its length. */
export function relayedMessage(bytes: number): Required<Billed> {
  return { messages: 2 * Math.ceil(bytes / UNIT_BYTES), minutes: 0, runs: 1, bytes };
}

/** Billed amounts of a host that is online for a month, with a number of connects. */
export function monthWith(connects: number): Billed {
  return {
    messages: HOST_MONTH.messages + connects * CONNECT.messages,
    minutes: HOST_MONTH.minutes + connects * CONNECT.minutes,
    runs: HOST_MONTH.runs + connects * CONNECT.runs,
  };
}

/** The gateway's throttles, in requests a second: stack/throttles.ts. */
export interface Throttles {
  /** Connections that are opened or refused. */
  connects: number;
  /** Messages of pages, and as many of hosts: a connection may send both. */
  messages: number;
}

/** What somebody could make the relay's owner pay, as fast as AWS lets it pass and without a pause. */
export interface Exposure {
  /** Its name in `cost --json`. */
  id: string;
  who: keyof typeof WHO;
  what: string;
  dollars: number;
  /** Thefts count by the hour: an alarm tells of them within minutes. */
  per: "month" | "hour";
}

/** Who could make the owner pay. */
export const WHO = {
  anybody: "anybody",
  guest: "paired devices, and anybody if the host has public services",
  "lambda-env": "whoever has the laptop's AWS key, with the registry lambda-env",
  s3: "whoever has the laptop's AWS key, with the registry s3",
  relay: "whoever has the laptop, with the registry relay, besides what paired devices could",
} as const;

/** A registration by the relay reads and writes two objects in S3; its time in seconds is assumed. */
const REGISTRATION = { objects: 2, seconds: 0.2 };

/** Seconds in a month of 30 days, and in an hour. */
const MONTH = 30 * 24 * 3600;
const HOUR = 3600;

/** The gateway's limits for a connection, silent or not, in minutes. */
const IDLE_MINUTES = 10;
const LIFE_MINUTES = 120;

/** Billed units of the gateway's largest message, and bytes of the relay's. */
const MAX_UNITS = 4;
const MAX_FORWARDED = 32_000;

/**
 * Lambda's limits of an account, and of a new one: runs at once, and GB of each.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const ACCOUNT = { runs: 1_000, gigabytes: 10 };
const NEW_ACCOUNT = { runs: 10, gigabytes: 3_008 / 1024 };

/**
 * Requests a second that S3 takes for one object or folder.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
 */
const S3 = { writes: 3_500, reads: 5_500 };

/**
 * What others could make the relay's owner pay at these throttles. AWS calls its throttles targets, so a bill
 * may be somewhat higher.
 */
export function exposuresAt({ connects, messages }: Throttles): Exposure[] {
  const opened = connects * MONTH;
  const sent = 2 * messages * MONTH;
  // $connect and $disconnect.
  const held = (minutes: number) =>
    costOf({ messages: 0, minutes: opened * minutes, runs: 2 * opened });
  const answered = (units: number) =>
    costOf({ messages: sent * (units + 1), minutes: 0, runs: sent });
  const registered = sent * (costOf({ messages: 2, minutes: 0, runs: 1 }) +
    (REGISTRATION.seconds - RUN_SECONDS) * RUN_GIGABYTES * PRICES.gigabyteSeconds +
    REGISTRATION.objects * (PRICES.s3Reads + PRICES.s3Writes));
  const computed = ({ runs, gigabytes }: typeof ACCOUNT) =>
    runs * gigabytes * HOUR * PRICES.gigabyteSeconds;
  return [
    aMonth(
      "refused",
      "anybody",
      "connects that the relay refuses",
      costOf({ messages: 0, minutes: 0, runs: opened }),
    ),
    anHour(
      "public-registry",
      "anybody",
      "reads of the bucket, if publicRegistry is set",
      S3.reads * HOUR * PRICES.s3Reads,
    ),
    aMonth("idle", "guest", "connections that are left idle", held(IDLE_MINUTES)),
    aMonth("kept", "guest", "connections that are kept for two hours", held(LIFE_MINUTES)),
    aMonth("large", "guest", "messages of 128 KB, which the relay refuses", answered(MAX_UNITS)),
    aMonth(
      "echoes",
      "guest",
      "messages of 32 KB that are forwarded or echoed",
      answered(1) + sent * MAX_FORWARDED / 1e9 * PRICES.gigabytesOut,
    ),
    anHour(
      "lambda-key",
      "lambda-env",
      "1,000 runs of 10 GB at once, each for 15 minutes",
      computed(ACCOUNT),
    ),
    anHour(
      "lambda-key-new-account",
      "lambda-env",
      "10 runs of 3 GB, the most of a new account",
      computed(NEW_ACCOUNT),
    ),
    anHour(
      "lambda-key-reserved",
      "lambda-env",
      "each run of 10 GB that reservedConcurrency allows",
      computed({ ...ACCOUNT, runs: 1 }),
    ),
    anHour(
      "s3-key",
      "s3",
      "writes of the host's objects, 3,500 a second",
      S3.writes * HOUR * PRICES.s3Writes,
    ),
    aMonth("relay-registrations", "relay", "registrations without end", registered),
  ];
}

function aMonth(id: string, who: Exposure["who"], what: string, dollars: number): Exposure {
  return { id, who, what, dollars, per: "month" };
}

function anHour(id: string, who: Exposure["who"], what: string, dollars: number): Exposure {
  return { id, who, what, dollars, per: "hour" };
}

/** Formats dollars: `$5.62`, and with more digits for small amounts. */
export function formatDollars(dollars: number): string {
  if (dollars >= 0.995) return `$${dollars.toFixed(2)}`;
  return `$${Number(dollars.toPrecision(2)).toFixed(dollars >= 0.001 ? 3 : 6)}`;
}

/** Formats dollars, without cents from a hundred on: `$15,898`. */
export function formatRounded(dollars: number): string {
  return dollars < 100 ? formatDollars(dollars) : `$${Math.round(dollars).toLocaleString("en-US")}`;
}
