// The plan of a host's life, and its outcome.

/** The run's plan. Times are in milliseconds. */
export interface LifePlan {
  duration: number;
  /** Pages that are open at any time. */
  pages: number;
  /** How long the host is left alone after that: it keeps a lost page's session for two minutes. */
  rest: number;
  seed: number;
}

/** The resources of the host's process, at a time in milliseconds from the start. */
export interface Sample {
  at: number;
  /** Resident bytes. */
  memory: number;
  /** Open files, sockets and the like. */
  handles: number;
  threads: number;
  /** Pages that are open. */
  pages: number;
}

/** The run's outcome. */
export interface Life {
  /** Pages that came. */
  visits: number;
  /** Requests whose answer a page had, and those that failed, by what the page was told. */
  answered: number;
  failed: Record<string, number>;
  /** Answers that were not what they should be, acts that a page knows were done and the backend does
   * not, acts that were done twice, and pages that did not connect: all of them faults of Lighthouse. */
  wrong: string[];
  /** How often each thing failed. */
  faults: Record<string, number>;
  samples: Sample[];
}
