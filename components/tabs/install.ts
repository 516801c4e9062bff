// Registers the service worker, and waits until it serves this page.
import { LighthouseError } from "../../wire/mod.ts";
import type { ToWorker } from "./tab_messages.ts";

/** Options of {@linkcode install}. */
export interface InstallOptions {
  /** The worker's URL. */
  worker: URL;
  serviceWorker: ServiceWorkerContainer;
  /** The page's URL. */
  page: string;
  /** Longest time that the page waits for the worker to take it over, in milliseconds. @default 3000 */
  claimMs?: number;
}

/**
 * Installs the worker. Resolves when it is active and, where the page is in its scope, answers the page's
 * requests.
 *
 * @throws {LighthouseError} `unsupported` if this window may have no service worker; `bad-config`
 * when the browser does not take this one.
 */
export async function install(options: InstallOptions): Promise<ServiceWorkerRegistration> {
  const { worker, serviceWorker, page, claimMs = 3000 } = options;
  try {
    const registration = await serviceWorker.register(worker);
    await activation(registration);
    if (!serviceWorker.controller && page.startsWith(registration.scope)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true });
      const timer = setTimeout(resolve, claimMs);
      registration.active!.postMessage({ lighthouse: "awake" } satisfies ToWorker);
      await promise;
      clearTimeout(timer);
    }
    return registration;
  } catch (cause) {
    throw new LighthouseError(
      (cause as Error).name === "SecurityError" ? "unsupported" : "bad-config",
      `Cannot use the service worker ${worker}: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Resolves when there is an active worker. */
async function activation(registration: ServiceWorkerRegistration): Promise<void> {
  const worker = registration.installing ?? registration.waiting;
  if (registration.active || !worker) return;
  await new Promise<void>((resolve, reject) => {
    worker.addEventListener("statechange", () => {
      if (worker.state === "activated") resolve();
      if (worker.state === "redundant") reject(new Error("it ended while it was installed"));
    });
  });
}
