// For tests: waiting for something that tells nobody when it happens. Runs in pages, too.

/** Longest pause between two looks, in milliseconds. */
const LONGEST_MS = 16;

/** Resolves when the condition holds. The test's deadline ends it where that never happens. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let pause = 1; !await holds(); pause = Math.min(2 * pause, LONGEST_MS)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
