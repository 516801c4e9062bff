// WebSocket through the tunnel: the interface and the behaviour of the platform's own
// (https://websockets.spec.whatwg.org).
import {
  LighthouseError,
  NO_CLOSE_CODE,
  TOKEN,
  type WebSocketMessage,
  type WebSocketOpening,
} from "../../wire/mod.ts";
import { SocketErrorEvent } from "../events.ts";
import type { OpenedSocket, OpenSocket, SocketWriter } from "./opened_socket.ts";

const [CONNECTING, OPEN, CLOSING, CLOSED] = [0, 1, 2, 3] as const;

/** The close code of a connection that was cut off (RFC 6455 §7.4.1). */
const CUT_OFF = 1006;

/** Most bytes of a close's reason (RFC 6455 §5.5). */
const MAX_REASON = 123;

const encoder = new TextEncoder();

/** Options of {@linkcode TunnelSocket}. */
export interface TunnelSocketOptions {
  /** Opens the socket, or waits until that can be done; called at once. */
  open: OpenSocket;
  /** The page's origin. @default location.origin */
  site?: string;
  /** The path at the tunnel's root. @default the URL's own */
  target?: string | Promise<string>;
}

/** Events of a {@linkcode TunnelSocket}: the platform's, and an `error` that says why. */
export interface TunnelSocketEventMap extends WebSocketEventMap {
  error: SocketErrorEvent;
}

/** Adds the types of the events, which only their names tell. */
export interface TunnelSocket {
  addEventListener<Type extends keyof TunnelSocketEventMap>(
    type: Type,
    listener: (this: TunnelSocket, event: TunnelSocketEventMap[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof TunnelSocketEventMap>(
    type: Type,
    listener: (this: TunnelSocket, event: TunnelSocketEventMap[Type]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

/**
 * A WebSocket to the host's backend: what `new tunnel.WebSocket()` makes. It is used as the platform's.
 * Its events are not trusted ones, `error` says why, and there are no extensions.
 *
 * @event {Event} open - Messages can be sent.
 * @event {MessageEvent} message - A message has come.
 * @event {SocketErrorEvent} error - The connection failed; `close` follows at once.
 * @event {CloseEvent} close - The connection has ended.
 */
export class TunnelSocket extends EventTarget implements WebSocket {
  static readonly CONNECTING = CONNECTING;
  static readonly OPEN = OPEN;
  static readonly CLOSING = CLOSING;
  static readonly CLOSED = CLOSED;
  declare readonly CONNECTING: typeof CONNECTING;
  declare readonly OPEN: typeof OPEN;
  declare readonly CLOSING: typeof CLOSING;
  declare readonly CLOSED: typeof CLOSED;

  declare onopen: WebSocket["onopen"];
  declare onmessage: WebSocket["onmessage"];
  declare onerror: WebSocket["onerror"];
  declare onclose: WebSocket["onclose"];

  readonly #url: string;
  readonly #connecting = new AbortController();
  readonly #tasks = new MessageChannel();
  #readyState: WebSocket["readyState"] = CONNECTING;
  #protocol = "";
  #binaryType: BinaryType = "blob";
  #writer: SocketWriter | undefined;
  #unsent = 0;

  /**
   * @param url An absolute URL, of `http:` or `ws:` or their secure forms.
   * @param protocols Subprotocols, the most wanted first.
   * @throws {DOMException} SyntaxError for a URL with a fragment, or invalid subprotocols.
   */
  constructor(
    url: string | URL,
    protocols: string | string[],
    { open, site = location.origin, target }: TunnelSocketOptions,
  ) {
    super();
    const { href, pathname, search } = parseSocketUrl(url);
    this.#url = href;
    const opening: Omit<WebSocketOpening, "target"> = {
      headers: [["origin", site]],
      protocols: parseProtocols(protocols),
    };
    this.#run(open, opening, target ?? pathname + search);
  }

  /** Whether this is such a socket, whatever its prototype. */
  static is(value: unknown): value is TunnelSocket {
    return typeof value === "object" && value !== null && #connecting in value;
  }

  /** The path at the backend, after the page's own host, as for a WebSocket to the page's server. */
  get url(): string {
    return this.#url;
  }

  get extensions(): string {
    return "";
  }

  get readyState(): WebSocket["readyState"] {
    return this.#readyState;
  }

  get protocol(): string {
    return this.#protocol;
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }
  set binaryType(type: BinaryType) {
    if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
  }

  /** Bytes given to `send` that the connection has not taken yet. After the end they stay. */
  get bufferedAmount(): number {
    return this.#unsent + (this.#writer?.buffered ?? 0);
  }

  /** @throws {DOMException} InvalidStateError before `open`. */
  send(data: string | Blob | BufferSource): void {
    if (this.#readyState === CONNECTING) {
      throw new DOMException("Cannot send: the socket is still connecting", "InvalidStateError");
    }
    const [type, payload] = messageOf(data);
    if (this.#readyState === OPEN) this.#writer!.send(type, payload);
    else this.#unsent += payload instanceof Blob ? payload.size : payload.length;
  }

  /**
   * Closes after what has been sent.
   *
   * @param code 1000, or 3000 to 4999.
   * @param reason At most 123 bytes of UTF-8.
   * @throws {DOMException} InvalidAccessError for another code, SyntaxError for a longer reason.
   */
  close(code?: number, reason = ""): void {
    // As Web IDL converts it: a page may give "3000".
    if (code !== undefined) code = Math.round(code);
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new DOMException(
        `Cannot close with code ${code}: expected 1000, or 3000 to 4999`,
        "InvalidAccessError",
      );
    }
    if (encoder.encode(reason).length > MAX_REASON) {
      throw syntaxError(`Cannot close: the reason is longer than ${MAX_REASON} bytes`);
    }
    if (this.#readyState >= CLOSING) return;
    this.#readyState = CLOSING;
    if (this.#writer) this.#writer.close(code ?? (reason ? 1000 : NO_CLOSE_CODE), reason);
    else {
      this.#connecting.abort(
        new LighthouseError("aborted", "The page closed the WebSocket before it was open"),
      );
    }
  }

  async #run(
    open: OpenSocket,
    opening: Omit<WebSocketOpening, "target">,
    target: string | Promise<string>,
  ): Promise<void> {
    const { signal } = this.#connecting;
    let opened: OpenedSocket | undefined;
    try {
      const whole = { ...opening, target: await target };
      signal.throwIfAborted();
      opened = await open(whole, signal);
      await this.#task();
      signal.throwIfAborted();
      this.#protocol = opened.protocol;
      this.#writer = opened.writer;
      this.#readyState = OPEN;
      this.dispatchEvent(new Event("open"));
      let last = { code: CUT_OFF, reason: "" };
      for await (const message of opened.messages) {
        await this.#task();
        if (message.type === "close") last = message;
        else this.#receive(message);
      }
      await this.#task();
      this.#end(last);
    } catch (error) {
      const cause = LighthouseError.from(error, "connection-failed");
      opened?.reset(cause);
      await this.#task();
      this.#end({ code: CUT_OFF, reason: "" }, cause);
    }
  }

  #receive(message: Exclude<WebSocketMessage, { type: "close" }>): void {
    if (message.type === "fault") throw new LighthouseError("backend-failed", message.reason);
    // Once close() is called, no more messages are delivered.
    if (this.#readyState !== OPEN) return;
    const { type, data } = message;
    this.dispatchEvent(
      new MessageEvent("message", {
        data: type === "text" ? data : this.#binaryType === "blob" ? new Blob([data]) : data.buffer,
        origin: new URL(this.#url).origin,
      }),
    );
  }

  #end(last: { code: number; reason: string }, cause?: LighthouseError): void {
    this.#readyState = CLOSED;
    this.#writer?.abandon();
    this.#tasks.port1.close();
    if (cause) this.dispatchEvent(new SocketErrorEvent(cause));
    this.dispatchEvent(new CloseEvent("close", { ...last, wasClean: last.code !== CUT_OFF }));
  }

  /**
   * Resolves in a task of its own. Each event has one, so a flood of messages leaves time to the page,
   * and the promises of one handler settle before the next is called.
   */
  #task(): Promise<void> {
    const { port1, port2 } = this.#tasks;
    return new Promise((resolve) => {
      port1.onmessage = () => resolve();
      port2.postMessage(undefined);
    });
  }
}

// Not in a static block, which older browsers lack: all private members would have to become WeakMaps.
Object.assign(TunnelSocket.prototype, { CONNECTING, OPEN, CLOSING, CLOSED });
for (const type of ["open", "message", "error", "close"]) {
  defineHandler(TunnelSocket.prototype, type);
}

/**
 * Defines `on…` for an event's type as https://html.spec.whatwg.org/#event-handler-attributes does, with
 * one difference: a handler that is removed leaves its place to the next.
 */
function defineHandler(prototype: TunnelSocket, type: string): void {
  const handlers = new WeakMap<TunnelSocket, EventListener | null>();
  Object.defineProperty(prototype, `on${type}`, {
    get() {
      return handlers.get(this) ?? null;
    },
    set(handler: unknown) {
      const isFirst = !handlers.has(this);
      handlers.set(this, typeof handler === "function" ? handler as EventListener : null);
      if (isFirst) {
        this.addEventListener(type, (event: Event) => handlers.get(this)?.call(this, event));
      }
    },
  });
}

/** @throws {DOMException} SyntaxError as `new WebSocket` does. */
function parseSocketUrl(input: string | URL): URL {
  const url = new URL(input);
  url.protocol = url.protocol.replace(/^http/, "ws");
  if (url.href.includes("#")) throw syntaxError(`Cannot open a WebSocket: ${url} has a fragment`);
  return url;
}

/** @throws {DOMException} SyntaxError as `new WebSocket` does. */
function parseProtocols(input: string | string[]): string[] {
  const protocols = [input].flat();
  if (new Set(protocols).size < protocols.length || !protocols.every((name) => TOKEN.test(name))) {
    throw syntaxError(`Cannot open a WebSocket: ${input} are not subprotocols`);
  }
  return protocols;
}

/** Converts as Web IDL does: data other than bytes becomes text. The data may come from another frame. */
function messageOf(data: string | Blob | BufferSource): ["text" | "binary", Uint8Array | Blob] {
  const kind = Object.prototype.toString.call(data);
  if (/ (?:Blob|File)\]$/.test(kind)) return ["binary", new Blob([data])];
  if (kind === "[object ArrayBuffer]") return ["binary", new Uint8Array(data as ArrayBuffer)];
  if (!ArrayBuffer.isView(data)) return ["text", encoder.encode(String(data))];
  return ["binary", new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}

function syntaxError(message: string): DOMException {
  return new DOMException(message, "SyntaxError");
}
