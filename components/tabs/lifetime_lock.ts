// How contexts of one site learn that another of them is gone, crashed or stopped, without asking:
// each holds a lock for as long as it lives, which the browser gives to whoever waits for it then.
// https://www.w3.org/TR/web-locks/#termination-of-locks

/**
 * Holds a lock of one's own until the signal is aborted, or this context is gone.
 *
 * @returns The lock's name, for others to pass to {@linkcode lifetimeEnd}, once it is held or given up.
 */
export async function holdLifetimeLock(signal?: AbortSignal): Promise<string> {
  const name = `lighthouse alive ${crypto.randomUUID()}`;
  const held = Promise.withResolvers<void>();
  navigator.locks.request(name, { signal }, () => {
    held.resolve();
    return new Promise((release) => signal?.addEventListener("abort", release));
  }).catch(() => held.resolve());
  await held.promise;
  return name;
}

/**
 * Resolves when whoever holds that lock is gone.
 *
 * @throws {DOMException} the signal's reason when aborted.
 */
export async function lifetimeEnd(name: string, signal: AbortSignal): Promise<void> {
  await navigator.locks.request(name, { signal }, () => {});
}
