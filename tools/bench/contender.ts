// What the bench knows of whatever it measures.
import type { BenchPage } from "./bench_page.ts";
import type { Link } from "./link.ts";
import type { ProcessCost } from "./process_cost.ts";

/** All that can be measured, in the order of the report. */
export const CONTENDERS = ["raw", "tunnel", "peerjs", "http"] as const;

/** A contender's name. */
export type ContenderName = (typeof CONTENDERS)[number];

/** A way from a page to a host, open and ready. Closed with all that belongs to it. */
export interface Contender extends AsyncDisposable {
  readonly page: BenchPage;
  /** What the host's end has cost so far; undefined if it has none, or that cannot be read. */
  hostCost(): ProcessCost | undefined;
}

/** Opens a contender, over loopback or a long link. */
export type ContenderOpener = (link: Link) => Promise<Contender>;
