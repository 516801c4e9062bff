// Names that the service worker and the host share: headers of theirs, which no backend gets or sets, and
// paths that the host answers itself.

/** Of a request: the target of the document that asks. A navigation has none, its own target counts. */
export const FROM = "lighthouse-from";

/**
 * Of a request: the lines that scripts have assigned to `document.cookie`, for the host's jar. A JSON array
 * of `[target of the document, line, id]`, percent-encoded. The id is of the sender's choice, and may be left
 * out: the host takes a line once, though it may come with several requests, and in another order.
 */
export const SET_COOKIE = "lighthouse-set-cookie";

/**
 * Of an answer: what `document.cookie` is in the document that asks, percent-encoded. Answers to
 * navigations have it, those of {@linkcode COOKIES_PATH}, and those that have changed it.
 */
export const COOKIES = "lighthouse-cookies";

/** Of an answer to a navigation: the backend's own URL, `http://127.0.0.1:5000/api`. */
export const BACKEND = "lighthouse-backend";

/**
 * Of an answer to a navigation: the prefix of the service. Of a request: the prefix of the one service
 * that may answer; the host refuses what leads to another.
 */
export const SERVICE = "lighthouse-service";

/**
 * Of a request: the prefix of the service to which the site's root leads. To the documents of this service,
 * its root is the root of the site.
 */
export const ROOT = "lighthouse-root";

/** The services that the device may reach, as JSON: {@linkcode ServiceList}. */
export const SERVICES_PATH = "/.lighthouse/services";

/** Answers 204, with {@linkcode COOKIES}. */
export const COOKIES_PATH = "/.lighthouse/cookies";

/** The answer of {@linkcode SERVICES_PATH}. */
export interface ServiceList {
  services: ServiceSummary[];
}

/** A service, for the list of them that a page shows. */
export interface ServiceSummary {
  /** `/`, or such as `/notes`. */
  prefix: string;
  /** For people. */
  name: string;
  /** A target in the tunnel; null if the service has no icon. */
  icon: string | null;
  /** Whether its backend answers. */
  up: boolean;
}
