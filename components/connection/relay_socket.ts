// The page's WebSocket to the relay, for one attempt: it sends as soon as it is open, and says what
// can be known of a failure.
import { LighthouseError } from "../../wire/mod.ts";
import { ENGLISH } from "../texts/english.ts";

/** What a browser gives to {@linkcode openRelaySocket}. */
export interface RelaySocketPlatform {
  /** Throws where the page's policy forbids the address and the browser says so at once. */
  openWebSocket: (url: URL, protocols: string[]) => WebSocket;
  /** Where `securitypolicyviolation` is fired: the document. */
  violations: EventTarget;
  isOnline: () => boolean;
  /** The page's origin. */
  origin: string;
}

/** Options of {@linkcode openRelaySocket}. */
export interface RelaySocketOptions {
  /** Called when it is open. */
  onOpen?: () => void;
  /** Called with the text of each message. */
  onMessage: (text: string) => void;
  /** Called when it cannot be opened, or is closed by the relay: `relay-unreachable`. */
  onFailure: (error: LighthouseError) => void;
  /** The subprotocols to offer. @default none */
  protocols?: string[];
  /** Gives the error if the relay may have refused the page; undefined for `relay-unreachable`. */
  whyRefused?: () => LighthouseError | undefined;
  /** @default the browser's */
  platform?: RelaySocketPlatform;
}

/** A WebSocket to the relay. */
export interface RelaySocket {
  /** Sends text, as soon as the socket is open. After `close` nothing is sent. */
  send(text: string): void;
  close(): void;
}

/**
 * Opens a WebSocket to the relay.
 *
 * @throws {LighthouseError} `relay-unreachable` if Firefox says at once that the page's policy forbids it.
 */
export function openRelaySocket(relay: URL, options: RelaySocketOptions): RelaySocket {
  const { onOpen, onMessage, onFailure, protocols = [], whyRefused, platform = browserPlatform() } =
    options;
  const { openWebSocket, violations, isOnline, origin } = platform;
  const end = new AbortController();
  const { signal } = end;
  const unsent: string[] = [];
  let isOpen = false;
  const socket = open();
  violations.addEventListener("securitypolicyviolation", (event) => {
    if ((event as SecurityPolicyViolationEvent).blockedURI === socket.url) fail(forbidden());
  }, { signal });
  socket.addEventListener("open", () => {
    isOpen = true;
    // Not before: browsers warn in the console about a socket that is closed while it opens.
    if (signal.aborted) return socket.close();
    for (const text of unsent) socket.send(text);
    onOpen?.();
  });
  socket.addEventListener("message", ({ data }) => onMessage(String(data)), { signal });
  // In Chromium, an address that the page's policy forbids brings no `close`.
  socket.addEventListener("error", lose, { signal });
  socket.addEventListener("close", lose, { signal });

  function open(): WebSocket {
    try {
      return openWebSocket(relay, protocols);
    } catch (cause) {
      throw forbidden(cause);
    }
  }
  function lose(): void {
    if (isOpen) {
      const message = "The relay closed the connection before an answer";
      return fail(new LighthouseError("relay-unreachable", message));
    }
    // Later, since a violation of the policy, which says more, may be told after this. Of a refused
    // origin or admission, a wrong URL and a missing network the browser tells a page nothing.
    setTimeout(() =>
      fail(
        isOnline() && whyRefused?.() || new LighthouseError(
          "relay-unreachable",
          isOnline()
            ? `The relay cannot be reached, or refuses pages from ${origin}`
            : ENGLISH["no-network"],
        ),
      )
    );
  }
  function fail(error: LighthouseError): void {
    if (signal.aborted) return;
    end.abort();
    onFailure(error);
  }

  return {
    send(text) {
      if (signal.aborted) return;
      if (isOpen) socket.send(text);
      else unsent.push(text);
    },
    close() {
      end.abort();
      if (isOpen) socket.close();
    },
  };
}

function browserPlatform(): RelaySocketPlatform {
  return {
    openWebSocket: (url, protocols) => new WebSocket(url, protocols),
    violations: document,
    isOnline: () => navigator.onLine,
    origin: location.origin,
  };
}

function forbidden(cause?: unknown): LighthouseError {
  return new LighthouseError(
    "relay-unreachable",
    ENGLISH.csp,
    { cause },
  );
}
