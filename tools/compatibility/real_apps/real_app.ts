// Real apps with their own pages, unchanged: how each is started, and what a person does first with it.
import type { App } from "../app.ts";
import type { AppTab } from "../app_tab.ts";

/** Something that a person does with an app. @throws {Error} If it does not work, with the reason. */
export type Step = (tab: AppTab) => Promise<void>;

/** A real app. */
export interface RealApp extends App {
  /** The path of its first page. @default "" */
  first?: string;
  /** By their names, in their order: each goes on where the one before ended. */
  steps: Record<string, Step>;
  /** Shows what is worth a picture. @default the last step's end */
  pose?: Step;
}
