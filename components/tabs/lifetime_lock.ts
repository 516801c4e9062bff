// Lets contexts of one site learn that another of them is gone, crashed or stopped, without asking:
// each holds a lock for as long as it lives, which the browser then gives to whoever waits for it.
// https://www.w3.org/TR/web-locks/#termination-of-locks

/** Options of {@linkcode holdLifetimeLock} and {@linkcode lifetimeEnd}. */
export interface LockOptions {
  /** Gives the lock up, or stops waiting for it. */
  signal?: AbortSignal;
  /** @default navigator.locks */
  locks?: LockManager;
}

/**
 * Holds a lock of this context's own until the signal is aborted, or this context is gone.
 *
 * @returns The lock's name, for others to pass to {@linkcode lifetimeEnd}, once it is held or given up.
 */
export async function holdLifetimeLock(
  { signal, locks = navigator.locks }: LockOptions = {},
): Promise<string> {
  const name = `lighthouse alive ${crypto.randomUUID()}`;
  const held = Promise.withResolvers<void>();
  locks.request(name, { signal }, () => {
    held.resolve();
    return new Promise((release) => signal?.addEventListener("abort", release));
  }).catch(() => held.resolve());
  await held.promise;
  return name;
}

/**
 * Resolves when the context that holds the lock is gone.
 *
 * @throws {DOMException} The signal's reason when aborted.
 */
export async function lifetimeEnd(
  name: string,
  { signal, locks = navigator.locks }: LockOptions = {},
): Promise<void> {
  await locks.request(name, { signal }, () => {});
}
