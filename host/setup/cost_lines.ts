// What a stack costs, in lines for `setup`.
import {
  costOf,
  exposuresAt,
  formatDollars,
  formatRounded,
  monthWith,
} from "../signalling/prices.ts";

/** Visits a month of the example. */
const VISITS = 1_000;

/** The bridge's alarms: stack/watches.ts. */
const ALARMS = 6;

/**
 * Describes the cost of a month, and what bounds it.
 *
 * @param connects Connections a second that the gateway will open or refuse.
 * @param email Empty for no alarms.
 */
export function costLines(connects: number, email: string): string[] {
  const month = formatDollars(costOf(monthWith(VISITS)));
  const refused = exposuresAt({ connects, messages: 0 }).find(({ id }) => id === "refused")!;
  return [
    `A month with the host always online and ${
      VISITS.toLocaleString("en-US")
    } visits costs about ${month} ` +
    "for the relay, and less than a cent for S3 (us-east-1, without AWS's free tier)",
    `Throttles bound what strangers could cost you: at most ${
      formatRounded(refused.dollars)
    } a month, ` +
    "for connects that are refused",
    email
      ? `Alarms go to ${email}: ${ALARMS} alarms, of $0.10 a month each where the account has more than ten`
      : "No alarms and no budget, since no mail address was given (--email)",
  ];
}
