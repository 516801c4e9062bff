// The interface of the contenders that the bench measures.
import type { BrowserName } from "../browser.ts";
import type { BenchBackend } from "./backend.ts";
import type { BenchPage } from "./bench_page.ts";
import type { Link } from "./link.ts";
import type { ProcessCost } from "./process_cost.ts";

/** All contenders, in the order of the report. */
export const CONTENDERS = ["raw", "tunnel", "peerjs", "http"] as const;

/** A contender's name. */
export type ContenderName = (typeof CONTENDERS)[number];

/** An open path from a page to a host. Its disposal closes all its parts. */
export interface Contender extends AsyncDisposable {
  readonly page: BenchPage;
  /** The cost of the host's end so far; undefined if there is no host, or the cost cannot be read. */
  hostCost(): ProcessCost | undefined;
}

/** A contender of these parts. @param parts All that is closed with it. */
export function contenderOf(
  page: BenchPage,
  hostCost: Contender["hostCost"],
  parts: AsyncDisposableStack,
): Contender {
  return { page, hostCost, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** Opens a contender, over loopback or a long wire. */
export type ContenderOpener = (link: Link) => Promise<Contender>;

/** What a run may have of its own, besides the link. */
export interface ContenderOptions {
  /** @default one with no further routes, which ends with the contender */
  backend?: BenchBackend;
  /** The page's script in `tools/bench/page/`. @default the contender's */
  script?: string;
  /** @default "chromium" */
  browserName?: BrowserName;
}
