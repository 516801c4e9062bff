// `lighthouse-host cost`: the relay's cost, from this host's own counts.
import process from "node:process";
import type { Settings } from "../config/settings.ts";
import { type Billed, costOf, formatDollars, monthWith, PRICES } from "../signalling/prices.ts";
import { monthOf, readUsage } from "../signalling/usage.ts";
import { openState } from "./state.ts";

/** Numbers of connects a month for the estimate. */
const CONNECTS = [1, 1_000, 1_000_000];

/** Prints this month's cost so far, and the cost of months with 1, 1,000 and 1,000,000 connects. */
export async function printCost(flags: Settings & { json: boolean }): Promise<void> {
  const { state } = await openState(flags);
  const month = monthOf(new Date());
  const billed = (await readUsage(state)).get(month) ?? { messages: 0, minutes: 0, runs: 0 };
  const rounded = { ...billed, minutes: Math.round(billed.minutes) };
  if (flags.json) {
    const months = CONNECTS.map((connects) => ({ connects, dollars: costOf(monthWith(connects)) }));
    print(JSON.stringify({ month, ...rounded, dollars: costOf(billed), months, prices: PRICES }));
    return;
  }
  print(`${month} so far: ${formatBilled(rounded)}: ${formatDollars(costOf(billed))}`);
  print("A whole month, with the host online day and night:");
  for (const connects of CONNECTS) {
    const dollars = formatDollars(costOf(monthWith(connects)));
    print(`  ${count(connects, "connect").padEnd(20)} ${dollars.padStart(7)}`);
  }
  print(`Prices of us-east-1 of ${PRICES.date}, before any free tier: ${PRICES.sources.join(" ")}`);
  print(
    "Counted by this host, up to five minutes ago: offers that found it offline are not in it.",
  );
}

function formatBilled({ messages, minutes, runs }: Billed): string {
  return `${count(messages, "message")}, ${count(minutes, "minute")} of connections, ${
    count(runs, "run")
  } of the Lambda`;
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
