// The list of services for a page that shows them: their names, their icons, and which of them are up.
// Any device may ask at any time, so a look at a backend is shared, short and remembered for a while.
import { connect } from "node:net";
import type { HeaderField, HttpResponse, ServiceList, ServiceSummary } from "../../wire/mod.ts";
import type { BackendConfig } from "../config/service_config.ts";
import type { FindService } from "./backend.ts";
import { connectionOptions } from "./connection_options.ts";
import type { Service } from "./service.ts";
import { findIcon } from "./service_icon.ts";

/** Keeps browsers from answering by an answer of before. */
export const NO_STORE: HeaderField = ["cache-control", "no-store"];

/** Limit for a backend to take a connection, and the time for which the result counts, in milliseconds. */
const CONNECT_MS = 1_000;
const KNOWN_MS = 3_000;

/** The time for which an icon counts, and that for which a list waits for it, in milliseconds. */
const ICON_MS = 10 * 60_000;
const ICON_WAIT_MS = 1_000;

/** Something that was looked up, and when. */
interface Look<T> {
  time: number;
  found: Promise<T>;
}

/** Looks at services, at each of them once in a while. */
export class ServiceLooks {
  readonly #find: FindService;
  readonly #ups = new WeakMap<Service, Look<boolean>>();
  readonly #icons = new WeakMap<Service, Look<string | null>>();

  /** @param find Finds all services. */
  constructor(find: FindService) {
    this.#find = find;
  }

  /** Answers with a {@linkcode ServiceList}. @param services Those that the device may reach. */
  async list(services: Service[]): Promise<HttpResponse> {
    const sorted = services.toSorted((a, b) => a.prefix < b.prefix ? -1 : 1);
    const list: ServiceList = {
      services: await Promise.all(sorted.map((service) => this.#summaryOf(service))),
    };
    const body = new TextEncoder().encode(JSON.stringify(list));
    const headers: HeaderField[] = [
      ["content-type", "application/json"],
      ["content-length", String(body.length)],
      NO_STORE,
    ];
    return { status: 200, statusText: "OK", headers, body: new Blob([body]).stream() };
  }

  async #summaryOf(service: Service): Promise<ServiceSummary> {
    const { prefix, upstream } = service;
    const up = !upstream ||
      await look(this.#ups, service, KNOWN_MS, () => takesConnections(upstream.config));
    return { prefix, name: nameOf(service), icon: up ? await this.#iconOf(service) : null, up };
  }

  /** The icon, or null if it is not found in time: a later list has it. */
  async #iconOf(service: Service): Promise<string | null> {
    const icon = look(this.#icons, service, ICON_MS, () => findIcon(service, this.#find));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, ICON_WAIT_MS, null);
    });
    const found = await Promise.race([icon, late]);
    clearTimeout(timer);
    return found;
  }
}

/** Looks something up, unless it is known: those who ask at the same time share one look. */
function look<T>(
  known: WeakMap<Service, Look<T>>,
  service: Service,
  forMs: number,
  find: () => Promise<T>,
): Promise<T> {
  const time = performance.now();
  const last = known.get(service);
  if (last && time - last.time < forMs) return last.found;
  const found = find();
  known.set(service, { time, found });
  return found;
}

/** The name that the owner has given, or else one made of the prefix, or of the backend for the root. */
function nameOf({ prefix, upstream }: Service): string {
  if (upstream?.config.name !== undefined) return upstream.config.name;
  if (prefix !== "/") return prefix.slice(1);
  return upstream?.config.backend.host ?? "Files";
}

/** Whether a backend takes a connection in time. */
async function takesConnections(config: BackendConfig): Promise<boolean> {
  const { hostname, port, protocol } = config.backend;
  const { socketPath, lookup, autoSelectFamily } = connectionOptions(config);
  const socket = socketPath ? connect(socketPath) : connect({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || (protocol === "https:" ? 443 : 80)),
    lookup,
    autoSelectFamily,
  });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.on("connect", () => resolve(true));
  socket.on("error", () => resolve(false));
  const timer = setTimeout(() => resolve(false), CONNECT_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
