// The plan of a host's life, and its outcome.

/** The run's plan. Times are in milliseconds. */
export interface LifePlan {
  duration: number;
  /** Pages that are open at any time. */
  pages: number;
  /** Rest afterwards: the host keeps a lost page's session for two minutes. */
  rest: number;
  seed: number;
}

/** The resources of the host's process, at a time in milliseconds from the start. */
export interface Sample {
  at: number;
  /** Resident bytes. */
  memory: number;
  /** Open file descriptors. */
  handles: number;
  threads: number;
  /** Pages that are open. */
  pages: number;
}

/** The run's outcome. */
export interface Life {
  /** Number of pages. */
  visits: number;
  /** Answered requests, and failed ones by the page's error. */
  answered: number;
  failed: Record<string, number>;
  /** Faults of Lighthouse: wrong answers, acts lost or done twice, pages that did not connect. */
  wrong: string[];
  /** How often each part was made to fail. */
  faults: Record<string, number>;
  samples: Sample[];
}
