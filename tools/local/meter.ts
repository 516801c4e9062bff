// What AWS would ask for what the gateway has done so far.
import type { Billed } from "../../host/signalling/prices.ts";
import type { Gateway, GatewayActivity } from "./gateway_server.ts";

/** Counts as AWS bills. */
export class Meter {
  /** Of connections that are over. */
  #minutes = 0;

  /** To be told of all that happens. */
  readonly note = (activity: GatewayActivity): void => {
    if (activity.type === "close") this.#minutes += minutesSince(activity.connection.connectedAt);
  };

  /** What the gateway has come to. */
  read({ counts, connections }: Pick<Gateway, "counts" | "connections">): Billed {
    const { unitsIn, unitsOut, messagesIn, connects, refused } = counts;
    const open = [...connections.values()].map(({ connectedAt }) => minutesSince(connectedAt));
    return {
      messages: unitsIn + unitsOut,
      minutes: open.reduce((sum, minutes) => sum + minutes, this.#minutes),
      // $connect, also where it refuses, $disconnect, and each message.
      runs: connects + refused + connects - open.length + messagesIn,
    };
  }
}

function minutesSince(time: number): number {
  return (Date.now() - time) / 60_000;
}
