// A site with tabs and a service worker, for tests: the parts of a browser that Node.js lacks. Locks,
// channels and ports are Node's own.
import { startWorker, type WorkerEvent, type WorkerScope } from "../worker/start_worker.ts";

/** Locks and channels of one context, a tab or a worker, which ends as a crash ends it. */
export interface Context {
  locks: LockManager;
  BroadcastChannel: new (name: string) => BroadcastChannel;
}

/** @param life Aborted when the context crashes. */
export function createContext(life: AbortSignal): Context {
  const end = new Promise<void>((resolve) => life.addEventListener("abort", () => resolve()));
  async function request(
    name: string,
    { signal }: { signal?: AbortSignal },
    callback: () => unknown,
  ): Promise<unknown> {
    const either = signal ? AbortSignal.any([signal, life]) : life;
    return await navigator.locks.request(
      name,
      { signal: either },
      () => Promise.race([callback(), end]),
    );
  }
  return {
    locks: { request } as unknown as LockManager,
    BroadcastChannel: class extends BroadcastChannel {
      constructor(name: string) {
        super(name);
        life.addEventListener("abort", () => this.close());
      }
    },
  };
}

/** A worker as its pages see it. */
export class FakeServiceWorker extends EventTarget {
  state: ServiceWorkerState = "activated";
  readonly #receive: (data: unknown) => void;

  /** @param receive Called with each message. @default closes its port */
  constructor(receive: (data: unknown) => void = closePort) {
    super();
    this.#receive = receive;
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = ({ data }) => {
      port1.close();
      this.#receive(data);
    };
    port1.postMessage(message, transfer);
  }

  become(state: ServiceWorkerState): void {
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }
}

/** `navigator.serviceWorker`, which registers a worker that is given. */
export class FakeContainer extends EventTarget {
  controller: ServiceWorker | null = null;
  /** URLs that were registered. */
  readonly registered: string[] = [];
  readonly #register: () => Promise<Partial<ServiceWorkerRegistration>>;

  constructor(register: () => Promise<Partial<ServiceWorkerRegistration>>) {
    super();
    this.#register = register;
  }

  register(url: URL): Promise<ServiceWorkerRegistration> {
    this.registered.push(url.href);
    return this.#register() as Promise<ServiceWorkerRegistration>;
  }

  /** The same, as the platform's type. */
  get asContainer(): ServiceWorkerContainer {
    return this as unknown as ServiceWorkerContainer;
  }
}

/** A service worker's global scope, with the worker's code running in it. */
export class FakeWorkerScope {
  readonly registration: { scope: string };
  readonly location: { href: string };
  readonly navigator: { locks: LockManager; languages: string[] };
  readonly BroadcastChannel: Context["BroadcastChannel"];
  /** Calls of `skipWaiting` and `clients.claim`. */
  readonly calls: string[] = [];
  readonly clients = {
    claim: () => this.#call("claim"),
    get: () => Promise.resolve(undefined),
    matchAll: () => Promise.resolve([]),
  };
  /** The network: the site's own server, which has a page at each URL. */
  readonly fetch = () => Promise.resolve(new Response("the site's"));
  readonly #life: AbortSignal;
  readonly #listeners = new Map<string, (event: WorkerEvent) => void>();

  constructor({ scope, life, query = "" }: { scope: string; life: AbortSignal; query?: string }) {
    const { locks, BroadcastChannel } = createContext(life);
    this.#life = life;
    this.registration = { scope };
    this.location = { href: `${scope}sw.js${query}` };
    this.navigator = { locks, languages: [] };
    this.BroadcastChannel = BroadcastChannel;
    startWorker(this as unknown as WorkerScope, { inject: "", injectWorker: "" });
  }

  skipWaiting(): Promise<void> {
    return this.#call("skipWaiting");
  }

  addEventListener(type: string, listener: (event: WorkerEvent) => void): void {
    this.#listeners.set(type, listener);
  }

  /** Has the worker handle an event. @returns Its answer to a `fetch`, if any. */
  async dispatch(type: string, members: Partial<WorkerEvent> = {}): Promise<Response | undefined> {
    const close = () => closePort(members.data);
    if (this.#life.aborted) close();
    else this.#life.addEventListener("abort", close);
    const work: Promise<unknown>[] = [];
    let response: Promise<Response> | undefined;
    this.#listeners.get(type)!({
      ...members,
      waitUntil: (promise) => work.push(promise),
      respondWith: (promise) => response = promise,
    } as WorkerEvent);
    await Promise.all(work);
    return await response;
  }

  #call(name: string): Promise<void> {
    this.calls.push(name);
    return Promise.resolve();
  }
}

function closePort(message: unknown): void {
  (message as { port?: MessagePort } | null)?.port?.close();
}
