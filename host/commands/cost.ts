// `lighthouse-host cost`: the relay's cost, from this host's own counts.
import process from "node:process";
import type { Settings } from "../config/settings.ts";
import { mergeSettings, parseSetting } from "../config/read_settings.ts";
import { columnsOf, formatRow, wrap } from "../platform/layout.ts";
import { print } from "../platform/terminal.ts";
import {
  type Billed,
  costOf,
  exposuresAt,
  formatDollars,
  formatRounded,
  monthWith,
  PRICES,
  WHO,
} from "../signalling/prices.ts";
import { readSpent } from "../signalling/relay_budget.ts";
import { emptyMonth, monthOf, readUsage } from "../signalling/usage.ts";
import { openStateAnyway } from "./state.ts";

/** Numbers of connects a month for the estimate. */
const CONNECTS = [1, 1_000, 1_000_000];

/**
 * Prints this month's cost so far, the cost of months with 1, 1,000 and 1,000,000 connects, and what others
 * could make the owner pay.
 *
 * @throws {LighthouseError} `bad-config`.
 */
export async function printCost(flags: Settings & { json: boolean }): Promise<void> {
  const { json, ...wanted } = flags;
  const { file, state } = await openStateAnyway(wanted);
  const settings = mergeSettings(wanted, process.env, file.settings);
  const throttles = parseSetting("throttles", settings);
  const budget = parseSetting("relay-budget", settings);
  const exposures = exposuresAt(throttles);
  const month = monthOf(new Date());
  const { relayed, ...billed } = (await readUsage(state)).get(month) ?? emptyMonth();
  const rounded = { ...billed, minutes: Math.round(billed.minutes) };
  const { dollars: spent } = await readSpent(state, Date.now());
  if (json) {
    const months = CONNECTS.map((connects) => ({ connects, dollars: costOf(monthWith(connects)) }));
    const dollars = costOf(billed);
    print(JSON.stringify({
      month,
      ...rounded,
      dollars,
      relayed: {
        ...relayed,
        minutes: Math.round(relayed.minutes),
        dollars: costOf(relayed),
        today: spent,
        budget,
      },
      months,
      throttles,
      exposures,
      prices: PRICES,
    }));
    return;
  }
  print(`${month} so far: ${formatBilled(rounded)}: ${formatDollars(costOf(billed))}`);
  print(wrap(
    `Of this, sessions through the relay: ${count(relayed.messages, "message")}, ${
      (relayed.bytes / 1e6).toFixed(1)
    } MB: ${formatDollars(costOf(relayed))}`,
    columnsOf(),
  ));
  print(wrap(
    budget === 0
      ? "They are off (relay-budget 0)"
      : `Today ${formatDollars(spent)} of their budget of ${formatDollars(budget)} a day, ${
        formatDollars(30 * budget)
      } a month at most (relay-budget)`,
    columnsOf(),
  ));
  print("A whole month, with the host online day and night:");
  for (const connects of CONNECTS) {
    const dollars = formatDollars(costOf(monthWith(connects)));
    print(`  ${count(connects, "connect").padEnd(20)} ${dollars.padStart(7)}`);
  }
  const { connects, messages } = throttles;
  const most = `${count(connects, "connect")} and ${count(messages, "message")} a second`;
  const text =
    `What others could make you pay, without a pause at the stack's throttles of ${most}:`;
  print(wrap(text, columnsOf()));
  for (const [kind, who] of Object.entries(WHO)) {
    print(`  ${who}:`);
    for (const { what, dollars, per } of exposures.filter((one) => one.who === kind)) {
      const price = `${formatRounded(dollars).padStart(8)} ${
        per === "hour" ? "an hour" : "a month"
      }`;
      print(formatRow(`    ${what}`, price, { at: 62 }));
    }
  }
  const notes = [
    `A stolen AWS key may also send data out of AWS, $${PRICES.gigabytesOut} a GB, and with lambda-env write ` +
    `logs, $${PRICES.gigabytesLogged.toFixed(2)} a GB. docs/aws.md says what bounds each.`,
    `Prices of us-east-1 of ${PRICES.date}, before any free tier: ${PRICES.sources.join(" ")}`,
    "Counted by this host, up to five minutes ago: offers that found it offline are not in it, nor is " +
    "what the gateway throttled of pages' messages.",
  ];
  for (const note of notes) print(wrap(note, columnsOf()));
}

function formatBilled({ messages, minutes, runs }: Billed): string {
  return `${count(messages, "message")}, ${count(minutes, "minute")} of connections, ${
    count(runs, "run")
  } of the Lambda`;
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}
