// Timers, as the files here take them: tests let them run out when they want.

/**
 * Calls back once, after a time in milliseconds.
 *
 * @returns Cancels it.
 */
export type StartTimer = (ms: number, run: () => void) => () => void;

/** The platform's. */
export function startTimer(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}
