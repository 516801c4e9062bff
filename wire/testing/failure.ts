// For tests: returns errors.

/**
 * Returns a promise's error.
 *
 * @throws {Error} If it resolves.
 */
export async function failureOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error & { code?: string };
  }
  throw new Error("The promise resolved: it was expected to reject");
}

/**
 * Returns a function's error.
 *
 * @throws {Error} If it returns.
 */
export function thrownBy(run: () => unknown): Error & { code?: string } {
  try {
    run();
  } catch (error) {
    return error as Error & { code?: string };
  }
  throw new Error("The function returned: it was expected to throw");
}
