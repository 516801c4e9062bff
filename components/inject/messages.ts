// What the script in the app's documents, the service worker and the shell tell each other.
//
//     on the script's tag    data-lighthouse   PageSettings, as JSON
//     to the worker          cookie            a script has assigned to document.cookie
//                            open              a stream (tabs/tab_messages.ts)
//                            beacon            what a document sends while it goes
//     from the worker        cookies           what document.cookie is now, to the client that asked
//                            stale             the cookies have changed: ask COOKIES_PATH when idle
//     to the shell           shown             the document in the frame, as soon as it is there and at
//                                              each change of its URL, title or icon
//
// A page and a worker of different builds meet where a site has been updated, so the names of messages
// and members stay.

/** The attribute of the script's tag that has the settings. */
export const SETTINGS_ATTRIBUTE = "data-lighthouse";

/** The path under the tunnel's prefix whose `url` the worker answers as a file to save, by its `name`. */
export const SAVE_PATH = ".lighthouse/save";

/** What the script must know before the document's own scripts run. */
export interface PageSettings {
  /** The path on the site of the worker's scope, with a slash at its end: `/` or `/repo/`. */
  scope: string;
  /** The path on the site that leads to the service's root, with a slash at its end: `/`, `/repo/local/notes/`. */
  base: string;
  /** The service's prefix in the tunnel: `/`, or such as `/notes`. */
  service: string;
  /** Whether the document is to believe that it is at the site's root, where `base` is not. */
  isMoved: boolean;
  /** The backend's own URL, whose path leads to the service's root; null if the host does not tell. */
  backend: string | null;
  /** What `document.cookie` is; null if the host does not tell. */
  cookies: string | null;
  /** Whether the shell shows this document in its frame. */
  isInShell: boolean;
}

/** A script has assigned to `document.cookie`. */
export interface CookieMessage {
  lighthouse: "cookie";
  /** The target of the document. */
  from: string;
  line: string;
}

/** A document has called `navigator.sendBeacon()`, or asks for something while it goes. */
export interface BeaconMessage {
  lighthouse: "beacon";
  url: string;
  /** The document's URL. */
  referrer: string;
  /** The data with its type, or the entries of a FormData. */
  body: Blob | [string, FormDataEntryValue][];
  /** @default "POST" */
  method?: string;
  headers?: [string, string][];
}

/** What the worker posts to documents. */
export type ToDocument =
  | { lighthouse: "cookies"; cookies: string }
  | { lighthouse: "stale" };

/** What the document in the shell's frame posts to the shell. */
export interface ShownMessage {
  lighthouse: "shown";
  /** The document's URL on the site, within the worker's scope. */
  url: string;
  title: string;
  /** The URL of its icon; null if it names none. */
  icon: string | null;
}
