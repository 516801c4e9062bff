// For tests: sends the engine's events to the Automation API, as the Pulumi command does with
// `--event-log tcp://…`.
//
// https://github.com/pulumi/pulumi/blob/master/proto/pulumi/events.proto
import { credentials } from "@grpc/grpc-js";
import eventsService from "@pulumi/pulumi/proto/events_grpc_pb.js";
import eventsMessages from "@pulumi/pulumi/proto/events_pb.js";

/** The field of an engine event that says what happened, such as `resourcePreEvent`. */
export type EngineEvent = Record<string, object>;

/** Where events go. */
export interface EventLog {
  send(event: EngineEvent): void;
  /** Resolves when all have arrived. */
  end(): Promise<void>;
}

/** Opens the log. @param address That of `--event-log`; without it, events go nowhere. */
export function openEventLog(address: string | undefined): EventLog {
  if (address === undefined) return { send() {}, end: () => Promise.resolve() };
  const client = new eventsService.EventsClient(
    address.replace("tcp://", ""),
    credentials.createInsecure(),
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  // A reader that has ended is no trouble of the update's.
  const stream = client.streamEvents(() => resolve());
  let sequence = 0;
  return {
    send(event) {
      const timestamp = Math.floor(Date.now() / 1000);
      const request = new eventsMessages.EventRequest();
      request.setEvent(JSON.stringify({ sequence: sequence++, timestamp, ...event }));
      stream.write(request);
    },
    async end() {
      stream.end();
      await promise;
      client.close();
    },
  };
}
