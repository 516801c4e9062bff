// The wait before another attempt, the same on page and host.

/** Options of {@linkcode backoff}. */
export interface BackoffOptions {
  /** The first wait, in milliseconds. */
  first: number;
  /** The longest wait, in milliseconds. */
  longest: number;
  /** A number from 0 up to 1. @default Math.random() */
  random?: number;
}

/**
 * The wait before attempt number `failures + 1`, in milliseconds. It doubles with each failure, and is
 * random between half and the whole of that, so that pages that failed together do not return
 * together.
 *
 * @param failures Failures so far, from 1.
 */
export function backoff(failures: number, options: BackoffOptions): number {
  const { first, longest, random = Math.random() } = options;
  const whole = Math.min(longest, first * 2 ** Math.min(failures - 1, 30));
  return whole / 2 + random * whole / 2;
}
