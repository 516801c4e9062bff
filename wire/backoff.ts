// How long to wait before trying again, the same on page and host.

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
 * The wait before attempt number `failures + 1`, in milliseconds: doubled with each failure, and
 * jittered between half and the whole of that, so that those who failed together do not come back
 * together.
 *
 * @param failures Failures so far, from 1.
 */
export function backoff(failures: number, options: BackoffOptions): number {
  const { first, longest, random = Math.random() } = options;
  const whole = Math.min(longest, first * 2 ** Math.min(failures - 1, 30));
  return whole / 2 + random * whole / 2;
}
