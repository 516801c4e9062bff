// Registers the service worker, and waits until it serves this page.
import { LighthouseError } from "../../wire/mod.ts";
import type { ToWorker } from "./tab_messages.ts";

/** Longest time that a page waits for the worker to take it over, in milliseconds. */
const CLAIM_MS = 3000;

/**
 * Installs the worker, and resolves when it is active and, where the page is in its scope, answers
 * what the page asks for.
 *
 * @throws {LighthouseError} `unsupported` where this window may have no service worker; `bad-config`
 * when the browser does not take this one.
 */
export async function install(url: URL): Promise<ServiceWorkerRegistration> {
  const { serviceWorker } = navigator;
  try {
    const registration = await serviceWorker.register(url);
    await activation(registration);
    if (!serviceWorker.controller && location.href.startsWith(registration.scope)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true });
      setTimeout(resolve, CLAIM_MS);
      registration.active!.postMessage({ lighthouse: "awake" } satisfies ToWorker);
      await promise;
    }
    return registration;
  } catch (cause) {
    throw new LighthouseError(
      (cause as Error).name === "SecurityError" ? "unsupported" : "bad-config",
      `Cannot use the service worker ${url}: ${(cause as Error).message}`,
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
