// What others could make the owner pay, worked out by hand from AWS's prices and limits.
import * as assert from "uvu/assert";
import { DEFAULT_THROTTLES, throttlesOf } from "../../stack/throttles.ts";
import { run } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { SETTINGS } from "../config/settings.ts";
import { type Exposure, exposuresAt, WHO } from "./prices.ts";

const test = suite("prices", { deadline: 30_000 });

/** Dollars by id. */
function dollarsAt(connects: number, messages: number): Record<string, number> {
  return Object.fromEntries(
    exposuresAt({ connects, messages }).map(({ id, dollars }) => [id, dollars]),
  );
}

function near(actual: number | undefined, expected: number): void {
  assert.ok(
    Math.abs(actual! - expected) <= 0.005 * expected + 0.005,
    `${actual} in place of ${expected}`,
  );
}

/**
 * A month has 2.592 million seconds. A run costs $0.20 a million, and 0.02 s of 0.5 GB at $13.33 a million, so
 * $0.3333 a million in all.
 */
const monthly: [
  id: string,
  connects: number,
  messages: number,
  dollars: number,
  reckoning: string,
][] = [
  ["refused", 200, 10, 172.78, "518.4 million runs: $103.68, and $69.10 for their time"],
  ["refused", 10, 10, 8.64, "25.92 million runs"],
  ["idle", 10, 10, 64.80 + 17.28, "259.2 million minutes, and 51.84 million runs"],
  ["idle", 200, 10, 1_296 + 345.56, "twenty times as many"],
  ["kept", 10, 10, 777.60 + 17.28, "3,110.4 million minutes, and 51.84 million runs"],
  ["kept", 200, 10, 15_552 + 345.56, "twenty times as many"],
  ["large", 10, 5, 129.60 + 8.64, "25.92 million messages of four units, as many answers of one"],
  ["large", 200, 10, 259.20 + 17.28, "twice as many, on two routes"],
  ["echoes", 10, 5, 51.84 + 8.64 + 74.65, "25.92 million in, as many out, 829.4 GB at $0.09"],
  [
    "relay-registrations",
    200,
    10,
    103.68 + 10.37 + 69.10 + 559.87,
    "51.84 million runs of 0.2 s, each with two messages, two reads and two writes",
  ],
  ["echoes", 200, 10, 103.68 + 17.28 + 149.3, "twice as many, on two routes"],
];
for (const [id, connects, messages, dollars, reckoning] of monthly) {
  test(`${id} at ${connects} connects and ${messages} messages a second: ${reckoning}`, () => {
    near(dollarsAt(connects, messages)[id], dollars);
  });
}

const hourly: [id: string, dollars: number, reckoning: string][] = [
  ["lambda-key", 479.88, "1,000 runs of 10 GB are 36 million GB-seconds an hour"],
  ["lambda-key-new-account", 1.41, "10 runs of 2.9375 GB are 105,750 GB-seconds an hour"],
  ["lambda-key-reserved", 0.48, "36,000 GB-seconds an hour"],
  ["s3-key", 63.00, "12.6 million writes at $5 a million"],
  ["public-registry", 7.92, "19.8 million reads at $0.40 a million"],
];
for (const [id, dollars, reckoning] of hourly) {
  test(`${id} at any throttle: ${reckoning}`, () => {
    near(dollarsAt(1, 1)[id], dollars);
    near(dollarsAt(500, 10_000)[id], dollars);
  });
}

test("a stolen key of an account with all of its runs costs $11,500 a day", () => {
  near(24 * dollarsAt(200, 10)["lambda-key"]!, 11_517);
});

test("each exposure is worked out above", () => {
  const ids = new Set([...monthly, ...hourly].map(([id]) => id));
  assert.equal(
    exposuresAt({ connects: 1, messages: 1 }).map(({ id }) => id).sort(),
    [
      ...ids,
    ].sort(),
  );
});

test("the default is what the stack sets on the gateway's routes", () => {
  const { connects, messages } = SETTINGS.throttles.parse(SETTINGS.throttles.default);
  assert.is(DEFAULT_THROTTLES.$connect.rate, connects);
  assert.is(DEFAULT_THROTTLES.sendSignal.rate, messages);
  // Both routes of messages count the same, whatever the settings.
  const { sendSignal, hostSignal } = throttlesOf({
    throttleRate: 7,
    throttleBurst: 9,
    connectRate: 3,
  });
  assert.equal([sendSignal.rate, hostSignal.rate], [7, 7]);
});

test("cost shows each figure, at the throttles that the stack has told", async () => {
  const environment = { LIGHTHOUSE_THROTTLES: "10/5" };
  const args = ["cost", "--state", temporaryFolder()];
  const { code, output } = await run(args, environment);
  assert.is(code, 0);
  assert.match(output, "10 connects and 5 messages a second:");
  for (const who of Object.values(WHO)) assert.match(output, `  ${who}:\n`);
  const lines = [
    /connects that the relay refuses +\$8\.64 a month\n/,
    /connections that are left idle +\$82\.08 a month\n/,
    /connections that are kept for two hours +\$795 a month\n/,
    /messages of 128 KB, which the relay refuses +\$138 a month\n/,
    /1,000 runs of 10 GB at once, each for 15 minutes +\$480 an hour\n/,
    /10 runs of 3 GB, the most of a new account +\$1\.41 an hour\n/,
  ];
  for (const line of lines) assert.match(output, line);

  const { throttles, exposures } = JSON.parse((await run([...args, "--json"], environment)).output);
  assert.equal(throttles, { connects: 10, messages: 5 });
  assert.equal(exposures as Exposure[], exposuresAt(throttles));
});

for (const text of ["200", "200/", "0/10", "200/10/20", "1e3/10", "200 / 10"]) {
  test(`cost refuses the throttles ${JSON.stringify(text)}`, async () => {
    const args = ["cost", "--throttles", text, "--state", temporaryFolder()];
    const { code, errors } = await run(args);
    assert.is.not(code, 0);
    assert.match(errors, "--throttles is not connects and messages a second, such as 200/10");
  });
}

test.run();
