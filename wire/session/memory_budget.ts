// The memory that a session holds at the other end's doing, and who counts it.

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
