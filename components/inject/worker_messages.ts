// What a document's script posts to a worker of the app's before the app does.
import type { PlaceSettings } from "./places.ts";

/** The first message to a worker, or on a port of a shared worker. */
export interface StartMessage {
  lighthouse: "start";
  settings: PlaceSettings;
  /** The URL on the site that leads into the tunnel. */
  prefix: string;
  /** Takes messages to the service worker. It then gives the name of the lock that the document holds. */
  port: MessagePort;
}
