// Which app may use the key, and what it may ask for.
import {
  asRecord,
  asString,
  encodeHead,
  FROM,
  type HeaderField,
  LighthouseError,
  parseRequestHead,
  parseUrl,
  SERVICE,
  SET_COOKIE,
} from "../../wire/mod.ts";

/** An app that may use the key: all pages of its origin, and no other, as the browser tells them apart. */
export interface KeyApp {
  /** `https://a.example` */
  origin: string;
  /** The prefix of the one service that it may reach: `/`, or such as `/notes`. */
  service: string;
}

/** What the key's page must know: the JSON in its `<meta name="lighthouse-key">`. */
export interface KeyConfig {
  /** Values of the element's attributes of the same names: `relay`, `host-key` and such. */
  attributes: Record<string, string>;
  apps: KeyApp[];
}

/** Longest origin and prefix, in UTF-16 code units. */
const MAX_TEXT = 512;

/** The host's own paths, about the one service that the stream names. */
const OWN_PATHS = "/.lighthouse/";

/** @throws {TypeError} With the path of what is wrong. */
export function parseKeyConfig(value: unknown): KeyConfig {
  const { attributes, apps } = asRecord(value, "the config");
  if (!Array.isArray(apps)) throw new TypeError("Cannot parse apps: expected an array");
  return {
    attributes: Object.fromEntries(
      Object.entries(asRecord(attributes, "attributes"))
        .map(([name, text]) => [name, asString(text, `attributes.${name}`, 4096)]),
    ),
    apps: apps.map((each, index) => {
      const app = asRecord(each, `apps[${index}]`);
      const origin = asString(app.origin, `apps[${index}].origin`, MAX_TEXT);
      const service = asString(app.service, `apps[${index}].service`, MAX_TEXT);
      if (parseUrl(origin)?.origin !== origin) {
        throw new TypeError(`Cannot parse apps[${index}].origin: "${origin}" is none`);
      }
      if (!service.startsWith("/")) {
        throw new TypeError(`Cannot parse apps[${index}].service: expected a path`);
      }
      return { origin, service };
    }),
  };
}

/** The parts of a window by which its embedder is known. */
export interface FramedWindow {
  parent: unknown;
  top: unknown;
  location: Pick<Location, "origin"> & { ancestorOrigins?: ArrayLike<string> };
}

/** A message to the window. */
export interface PortEvent {
  origin: string;
  source: unknown;
}

/**
 * Finds the app that has posted a message, which must be the page around this frame, in a tab of its own.
 * Other windows can post too, and a page around the app's page could be anybody's.
 *
 * @throws {LighthouseError} `wrong-origin` with the cure.
 */
export function embeddingApp(
  { apps }: KeyConfig,
  { origin, source }: PortEvent,
  window: FramedWindow,
): KeyApp {
  const { parent, top, location } = window;
  if (source !== parent || parent === window || parent !== top) {
    throw refusal("Only a page around this frame, in a tab of its own, may use it");
  }
  const { ancestorOrigins: above } = location;
  if (origin === location.origin) {
    throw refusal(`${origin} is the key's own site: an app there would need no permission`);
  }
  const app = apps.find((app) => app.origin === origin);
  // Firefox has no list of ancestors; the event's origin is the parent's, and the parent is the top.
  if (!app || (above && (above.length !== 1 || above[0] !== origin))) {
    throw refusal(
      `The key's site knows no app at ${origin}: write it anew, with --app ${origin}/=/service`,
    );
  }
  return app;
}

function refusal(message: string): LighthouseError {
  return new LighthouseError("wrong-origin", message);
}

/**
 * Limits a request to the app's service. The host checks the same by the header that this sets: only it
 * knows the services whose prefixes are longer. A host of an older version does not look at that.
 *
 * @param head A request's head, as the page has written it.
 * @returns The head to send.
 * @throws {LighthouseError} `no-access` if the request is for another service; `bad-request` if it is no
 * request: streams can carry more than those.
 */
export function limitHead(head: Uint8Array, { service }: KeyApp): Uint8Array<ArrayBuffer> {
  const request = parseRequestHead(head);
  const { target } = request;
  if (!isUnder(service, target) && !target.startsWith(OWN_PATHS)) throw noAccess(target, service);
  const headers = request.headers.filter(([name]) => name.toLowerCase() !== SERVICE);
  for (const field of headers) {
    for (const other of documentsOf(field)) {
      if (!isUnder(service, other)) throw noAccess(other, service);
    }
  }
  return encodeHead({ ...request, headers: [...headers, [SERVICE, service]] });
}

/** The targets of documents that a header names: the answer has their cookies, or changes them. */
function documentsOf([name, value]: HeaderField): string[] {
  switch (name.toLowerCase()) {
    case FROM:
      return [value];
    case SET_COOKIE:
      try {
        return (JSON.parse(decodeURIComponent(value)) as unknown[][])
          .map(([target], index) => asString(target, `${SET_COOKIE}[${index}][0]`, 32 * 1024));
      } catch (error) {
        throw LighthouseError.from(error, "bad-request");
      }
    default:
      return [];
  }
}

/** Whether a target is a prefix, or under it, as the host finds a service. */
function isUnder(prefix: string, target: string): boolean {
  if (prefix === "/") return target.startsWith("/");
  return target.startsWith(prefix) && /^(?:[/?]|$)/.test(target.slice(prefix.length));
}

function noAccess(target: string, service: string): LighthouseError {
  const path = target.replace(/\?.*/s, "");
  return new LighthouseError("no-access", `This app may reach ${service}, and not ${path}`);
}
