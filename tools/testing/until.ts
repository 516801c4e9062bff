// For tests: waits for a condition that has no event. Runs in pages, too.

/** Longest pause between two checks, in milliseconds. */
const LONGEST_MS = 16;

/** Resolves when the condition is true. If it never is, the test's deadline ends the wait. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let pause = 1; !await holds(); pause = Math.min(2 * pause, LONGEST_MS)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
