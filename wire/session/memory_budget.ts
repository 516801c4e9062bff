// The memory that a session holds at the other end's doing, and who counts it.

/**
 * Bytes that must be left for what cannot wait, where a session takes some for what can: so large
 * transfers, of which many are under way or rest, leave room for small requests.
 */
const SPARE = 2 * 1024 * 1024;

/**
 * Bounds the memory of sessions. The host gives each session one, which counts for its device and for
 * all of them (host/peers/sessions.ts).
 */
export interface MemoryBudget {
  /**
   * Takes bytes before or right after they are held.
   *
   * @returns False where there are not as many left: then nothing is taken.
   */
  take(bytes: number): boolean;
  /** Gives back bytes that were taken and are held no more. */
  give(bytes: number): void;
}

/** Takes bytes that the session can do without. @returns False where too few would be left. */
export function takeSpare(memory: MemoryBudget, bytes: number): boolean {
  if (!memory.take(bytes + SPARE)) return false;
  memory.give(SPARE);
  return true;
}

/** A budget without a bound. */
export const ENDLESS: MemoryBudget = { take: () => true, give: () => {} };
