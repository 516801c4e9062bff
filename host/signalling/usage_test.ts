import { once } from "node:events";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { startBridge } from "../../tools/local/bridge.ts";
import { run } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { formatSendSignal, parseRelayMessage, type Signal } from "../../wire/mod.ts";
import { TestDevice } from "../testing/access.ts";
import { parseThrottles } from "../config/setting_parsers.ts";
import { SETTINGS } from "../config/settings.ts";
import {
  CONNECT,
  costOf,
  exposuresAt,
  formatDollars,
  formatRounded,
  HOST_MONTH,
  monthWith,
  PRICES,
} from "./prices.ts";
import { MAX_MONTHS, monthOf, readUsage, Usage } from "./usage.ts";

const test = suite("usage", { deadline: 60_000 });

test("the host's counts are the gateway's, to the message and the run", async () => {
  await using bridge = await startBridge({ propagation: 200 });
  let runs = 0;
  const invoke = bridge.function.invoke.bind(bridge.function);
  bridge.function.invoke = (event) => {
    runs++;
    return invoke(event);
  };
  const host = bridge.startHost();
  await host.until("online");
  const counts = () => bridge.gateway.counts;
  const atFirst = counts().messagesIn;
  const device = await TestDevice.create(bridge.identity);
  for (let at = 0; at < 5; at++) {
    const { signal } = await device.seal({ sdp: "none" });
    const page = new WebSocket(bridge.gateway.url, { origin: bridge.page.origins[0] });
    await once(page, "open");
    page.send(formatSendSignal({ data: signal satisfies Signal }));
    // Some do not wait for their answer.
    if (at < 3) await once(page, "message");
    page.close();
    await once(page, "close");
  }
  // All offers are answered, and the host is told where it could not answer.
  const isOver = ({ messagesIn, messagesOut }: ReturnType<typeof counts>) =>
    messagesIn >= atFirst + 2 * 5 && messagesOut >= messagesIn;
  while (!isOver(counts())) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.is(await host.stop(), 0);
  while (bridge.gateway.connections.size > 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const counted = (await readUsage(bridge.state)).get(monthOf(new Date()))!;
  const { unitsIn, unitsOut } = bridge.gateway.counts;
  assert.is(counted.messages, unitsIn + unitsOut);
  assert.is(counted.runs, runs);
  assert.ok(counted.minutes > 5 && counted.minutes < 10, `${counted.minutes} minutes`);

  const { output } = await run(["cost", "--json"], { LIGHTHOUSE_STATE: bridge.state });
  const cost = JSON.parse(output);
  assert.equal([cost.messages, cost.runs], [counted.messages, counted.runs]);
  assert.ok(Math.abs(cost.dollars - costOf(counted)) < 1e-12);
});

test("counts go on where they were, and months that are long over are forgotten", async () => {
  const folder = temporaryFolder();
  const onTrouble = (error: Error) => assert.unreachable(error.message);
  const months = Object.fromEntries(
    Array.from({ length: MAX_MONTHS + 3 }, (_, at) => [
      monthOf(new Date(Date.UTC(2020, at))),
      { messages: at, minutes: 0.5, runs: 1 },
    ]),
  );
  await writeFile(join(folder, "usage.json"), JSON.stringify({ months }));
  for (let at = 0; at < 2; at++) {
    await using usage = await Usage.open(folder, { onTrouble });
    usage.sent({ data: { type: "probe" }, bytes: 90 });
    usage.sent({ to: "abc=", data: { type: "sealed-answer" }, bytes: 2_000 });
    usage.received({ kind: "signal", data: {} });
  }
  const all = await readUsage(folder);
  assert.is(all.size, MAX_MONTHS);
  assert.equal(all.get(monthOf(new Date())), {
    messages: 8,
    minutes: 0,
    runs: 4,
    bytes: 0,
    relayed: { messages: 0, minutes: 0, runs: 0, bytes: 0 },
  });
});

test("messages of relayed sessions count both ways, by their length, and against a budget", async () => {
  const folder = temporaryFolder();
  let dollars = 0;
  const onTrouble = (error: Error) => assert.unreachable(error.message);
  const onRelayed = (more: number) => dollars += more;
  {
    await using usage = await Usage.open(folder, { onTrouble, onRelayed });
    const data = { type: "relayed" };
    usage.sent({ to: "abc=", data, bytes: 31_000 });
    usage.received({ kind: "signal", from: "abc=", data }, 9_000);
    // AWS bills another for each 32 KB.
    usage.received({ kind: "signal", from: "abc=", data }, 40_000);
    usage.sent({ to: "abc=", data: { type: "sealed-answer" }, bytes: 2_000 });
  }
  const { relayed, ...all } = (await readUsage(folder)).get(monthOf(new Date()))!;
  const { minutes, ...amounts } = relayed;
  assert.equal(amounts, { messages: 8, runs: 3, bytes: 80_000 });
  assert.ok(minutes >= 0 && minutes < 0.1);
  assert.equal([all.messages, all.runs, all.bytes], [10, 4, 80_000]);
  // Worked out by hand: 8 messages, 3 runs with their time, 80 KB out.
  const expected = 8e-6 + 3 * 0.3333e-6 + 7.2e-6;
  assert.ok(Math.abs(dollars - expected) < 1e-8, `${dollars}`);
  assert.ok(Math.abs(costOf(relayed) - dollars) < 1e-12);
});

test("messages that the gateway throttles count as it bills them", async () => {
  const folder = temporaryFolder();
  const onTrouble = (error: Error) => assert.unreachable(error.message);
  {
    await using usage = await Usage.open(folder, { onTrouble });
    usage.sent({ to: "abc=", data: { type: "relayed" }, bytes: 100 });
    usage.received(parseRelayMessage('{"message":"Too Many Requests","connectionId":"x"}'));
  }
  const { messages, runs } = (await readUsage(folder)).get(monthOf(new Date()))!;
  assert.equal([messages, runs], [2, 0]);
});

for (const text of ["", "{", "[]", '{"months":{"2026-11":{"messages":"9"}}}']) {
  test(`what is no such file counts as none: ${JSON.stringify(text)}`, async () => {
    const folder = temporaryFolder();
    await writeFile(join(folder, "usage.json"), text);
    assert.is((await readUsage(folder)).size, 0);
  });
}

test("a folder that cannot be written to is told, and nothing is lost", async () => {
  const folder = temporaryFolder();
  const troubles: string[] = [];
  const usage = await Usage.open(folder, {
    onTrouble: ({ message }) => troubles.push(message),
  });
  usage.sent({ data: { type: "probe" }, bytes: 90 });
  await mkdir(join(folder, "usage.json"));
  await usage.save();
  assert.is(troubles.length, 1);
  await rm(join(folder, "usage.json"), { recursive: true });
  await usage[Symbol.asyncDispose]();
  assert.is((await readUsage(folder)).get(monthOf(new Date()))!.messages, 1);
});

test("cost tells what it knows, for people", async () => {
  const folder = temporaryFolder();
  const { code, output, errors } = await run(["cost", "--state", folder]);
  assert.equal([code, errors], [0, ""]);
  assert.match(
    output,
    /^\d{4}-\d\d so far: 0 messages, 0 minutes of connections, 0 runs .*: \$0\.0/,
  );
  assert.match(output, /1,000,000 connects +\$5\.\d\d\n/);
  assert.match(output, `Prices of us-east-1 of ${PRICES.date}`);
});

test("docs/aws.md has the same prices and figures", async () => {
  const page = await readFile(new URL("../../docs/aws.md", import.meta.url), "utf8");
  const rows = page.split("\n").filter((line) => line.startsWith("|"))
    .map((line) => line.replace(/\*\*/g, "").split("|").map((cell) => cell.trim()).slice(1, -1));
  const row = (name: string) => rows.find(([first]) => first === name)!.slice(1);
  const perMillion = (price: number) => [(price * 1e6).toFixed(2)];
  assert.equal(row("million messages of up to 32 KB"), perMillion(PRICES.messages));
  assert.equal(row("million connection minutes"), perMillion(PRICES.minutes));
  assert.equal(row("million runs of the Lambda"), perMillion(PRICES.runs));
  assert.equal(row("million GB-seconds of it, arm64"), perMillion(PRICES.gigabyteSeconds));
  const cells = ({ messages, minutes, runs }: typeof CONNECT, digits: number) => [
    ...[messages, minutes, runs].map((count) => count.toLocaleString("en-US")),
    costOf({ messages, minutes, runs }).toFixed(digits),
  ];
  const times = (count: number) => ({
    messages: CONNECT.messages * count,
    minutes: CONNECT.minutes * count,
    runs: CONNECT.runs * count,
  });
  assert.equal(row("the host, online day and night"), cells(HOST_MONTH, 3));
  assert.equal(row("1,000 visits"), cells(times(1_000), 3));
  assert.equal(row("a laptop and 1,000 visits"), cells(monthWith(1_000), 2));
  assert.equal(row("1,000,000 visits"), cells(times(1_000_000), 2));
  const throttles = parseThrottles(SETTINGS.throttles.default);
  for (const { what, dollars, per } of exposuresAt(throttles)) {
    assert.equal(row(what), [
      `${formatRounded(dollars)} ${per === "hour" ? "an hour" : "a month"}`,
    ]);
  }
});

test("docs/security.md has the figures of the default throttles, and of connectRate 10", async () => {
  const page = await readFile(new URL("../../docs/security.md", import.meta.url), "utf8");
  const figuresAt = (throttles: string) =>
    Object.fromEntries(
      exposuresAt(parseThrottles(throttles)).map(({ id, dollars }) => [
        id,
        `$${Math.round(dollars).toLocaleString("en-US")}`,
      ]),
    );
  const [usual, few] = [figuresAt(SETTINGS.throttles.default), figuresAt("10/10")];
  const parts = [
    `${usual.refused} a month`,
    `${usual.idle} a month`,
    `at most ${usual.kept} for`,
    `${usual.large} for messages`,
    `${few.idle}, ${few.kept} and ${few.large}`,
    `${usual["lambda-key"]} an hour`,
    `${usual["s3-key"]} an hour`,
  ];
  for (const part of parts) assert.match(page.replace(/\s+/g, " "), part);
});

test("dollars are shown with as many digits as tell something", () => {
  const shown = [5.6188, 0.0421, 0.00312, 0.0000142, 0].map(formatDollars);
  assert.equal(shown, ["$5.62", "$0.042", "$0.003", "$0.000014", "$0.000000"]);
});

test.run();
