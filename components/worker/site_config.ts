// What `lighthouse-host site` tells the worker of a site that it has written, in the first line of `sw.js`:
// `self.lighthouseSite = {…};`.

/** A site in app mode. */
export interface SiteConfig {
  /** Changes with each of the site's files. */
  version: string;
  /** The site's own files to keep for times without a network: paths relative to the worker's scope. */
  files: string[];
  /**
   * The SHA-256 of each file, in hexadecimal: scripts of the app can write into the cache, too.
   *
   * @default not checked, in sites that earlier versions have written
   */
  hashes?: Record<string, string>;
  /** The service's prefix to which the site's root leads; null if services keep their own paths. */
  service: string | null;
}

/** The folder of the site's own files, in the worker's scope. */
export const OWN_FOLDER = "lighthouse/";

/** The page in it that takes the worker away, which the worker leaves to the network. */
export const RESET_PAGE = "reset.html";
