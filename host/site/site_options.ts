// What sites are written with.
import type { OwnIcon } from "./icons.ts";

/** What a site connects to, and what it shows. */
export interface SiteOptions {
  /** Where it is to be served: its path is the worker's scope. */
  page: URL;
  /** Values of the element's attributes; undefined leaves one out. */
  attributes: Record<string, string | undefined>;
  /** The service's prefix to which the site's root leads; null if services keep their own paths. */
  service: string | null;
  /** The app's name. */
  name: string;
  /** The owner's own icons. @default the program's */
  icons?: OwnIcon[];
}

/** An app that may use the key. */
export interface KeyApp {
  /** Its site. The origin of this is what counts: apps of one origin cannot be told apart. */
  page: URL;
  /** The prefix of the one service that it may reach: `/`, or such as `/notes`. */
  service: string;
}

/** What a key's site connects to, and for whom. */
export interface KeySiteOptions {
  /** Values of the element's attributes; undefined leaves one out. */
  attributes: Record<string, string | undefined>;
  apps: KeyApp[];
}
