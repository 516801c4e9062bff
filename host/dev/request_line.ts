// The live log of `lighthouse-host dev`: a line for each request that has ended.
import type { Exchange } from "../inspector/exchanges.ts";
import { formatBytes } from "../platform/bytes.ts";
import { line, paint, type Painted } from "../platform/terminal.ts";

/** A request that has ended, or a WebSocket that is open, as `--json` prints it. No query and no headers: they hold secrets. */
export interface RequestRecord {
  method: string;
  path: string;
  /** Null if there was no answer. */
  status: number | null;
  /** From the request to the answer's end. */
  ms: number;
  /** Bytes of the answer's body. */
  bytes: number;
  /** The device's name; null for a page that is not paired. */
  device: string | null;
  /** The code of the error that ended it early. */
  failure?: string;
  /** For a WebSocket, which has a record for either. */
  socket?: "open" | "closed";
}

/** Makes the records: one of each request, and two of each WebSocket. */
export class RequestLog {
  readonly #told = new WeakMap<Exchange, "open" | "ended">();

  /** @returns Undefined if there is nothing new to tell of the exchange. */
  take(exchange: Exchange): RequestRecord | undefined {
    const { method, target, answer, headAfter, endAfter, principal, failure, socket } = exchange;
    const isOpen = endAfter === undefined && socket !== undefined && answer?.status === 101;
    const now = endAfter !== undefined ? "ended" : isOpen ? "open" : undefined;
    const told = this.#told.get(exchange);
    if (now === undefined || now === told) return undefined;
    this.#told.set(exchange, now);
    const { page = NOTHING, backend = NOTHING } = socket?.counts ?? {};
    return {
      method: socket ? "WS" : method,
      path: target.replace(/\?.*/s, ""),
      status: answer?.status ?? null,
      ms: Math.round((endAfter ?? headAfter ?? 0) * 10) / 10,
      bytes: socket ? page.bytes + backend.bytes : answer?.body?.bytes ?? 0,
      device: principal.name ?? null,
      ...failure !== undefined && { failure },
      ...(isOpen || told === "open") && { socket: isOpen ? "open" : "closed" },
    };
  }
}

const NOTHING = { bytes: 0 };

/** Least width of the path. */
const LEAST = 12;

/** A line for people, whose path is cut where the terminal ends. @param columns The terminal's width. */
export function formatRequest(
  { method, path, status, ms, bytes, device, failure, socket }: RequestRecord,
  columns: number | undefined,
): Painted {
  const time = new Date().toISOString().slice(11, 19);
  const code = failure ?? socket ?? String(status);
  const figures = `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms  ${formatBytes(bytes)}`;
  const who = device ?? "not paired";
  const verb = method.padEnd(6);
  const others = [time, verb, code, figures, who].join("  ").length;
  const room = Math.max(LEAST, (columns ?? Infinity) - others - 2);
  const shown = path.length > room ? `${path.slice(0, room - 1)}…` : path;
  const color = status === null || status >= 500 ? "red" : status >= 400 ? "yellow" : "green";
  return line`${paint("dim", time)}  ${verb} ${shown}  ${paint(color, code)}  ${figures}  ${
    paint("dim", who)
  }`;
}
