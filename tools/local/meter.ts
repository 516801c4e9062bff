// Counts what AWS would bill for the gateway's work.
import type { Billed } from "../../host/signalling/prices.ts";
import type { Gateway, GatewayActivity } from "./gateway_server.ts";

/** Counts as AWS bills. */
export class Meter {
  /** Minutes of closed connections. */
  #minutes = 0;

  /** Takes the gateway's events. */
  readonly note = (activity: GatewayActivity): void => {
    if (activity.type === "close") this.#minutes += minutesSince(activity.connection.connectedAt);
  };

  /** Returns the bill so far. */
  read({ counts, connections }: Pick<Gateway, "counts" | "connections">): Billed {
    const { unitsIn, unitsOut, messagesIn, connects, refused } = counts;
    const open = [...connections.values()].map(({ connectedAt }) => minutesSince(connectedAt));
    return {
      messages: unitsIn + unitsOut,
      minutes: open.reduce((sum, minutes) => sum + minutes, this.#minutes),
      // $connect, also if refused, $disconnect, and each message.
      runs: connects + refused + connects - open.length + messagesIn,
    };
  }
}

function minutesSince(time: number): number {
  return (Date.now() - time) / 60_000;
}
