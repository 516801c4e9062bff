// What the shell shows in which situation: a pure function of what is known.
import type { ErrorCode } from "../../wire/mod.ts";
import type { TunnelState } from "../connection/connection_state.ts";

/** What is known. */
export interface Situation {
  /** The tunnel's state, and why. */
  state: TunnelState;
  reason: string;
  code?: ErrorCode;
  /** Why there is no service worker; undefined if there is one, or may be soon. */
  workerError?: string;
  /** Whether the app or the start page has been shown since the shell was opened. */
  isOpen: boolean;
  /** Whether the app's frame shows nothing of the app's. */
  isBroken: boolean;
  /** Whether the user has asked for the pairing views. */
  wantsPairing: boolean;
  /** Whether the site names its host's key, so that no link of another host can count. */
  isPinned: boolean;
}

/** What a button on a message does. */
export type ScreenAction =
  /** Tries again at once. */
  | "retry"
  /** Opens the pairing views. */
  | "pair"
  /** Accepts the other host. */
  | "forget"
  /** Asks for the app's page again. */
  | "again";

/** A message in place of the app. */
export interface MessageScreen {
  show: "message";
  title: string;
  /** Sentences; text between backticks is code. */
  texts: string[];
  /** Whether something is under way. */
  isBusy: boolean;
  actions: ScreenAction[];
  code?: ErrorCode;
}

/** What the shell shows. */
export type Screen =
  /** The app, or the start page. */
  | { show: "content" }
  /** The pairing views. `problem`: why the last attempt was refused. */
  | { show: "pairing"; problem?: string }
  | MessageScreen;

/** Failures that another pairing link mends. */
const UNPAIRED: ReadonlySet<ErrorCode> = new Set([
  "device-revoked",
  "pairing-used",
  "pairing-expired",
  "bad-link",
  "wrong-origin",
]);

const BY_ITSELF = "This page tries again by itself.";

/** Gives what the shell shows. Content that has been open stays, whatever happens to the connection. */
export function screenFor(now: Situation): Screen {
  const { state, reason, code, workerError, isOpen, isBroken, wantsPairing, isPinned } = now;
  const message = (title: string, ...texts: string[]): MessageScreen => ({
    show: "message",
    title,
    texts: texts.map(asSentence),
    isBusy: false,
    actions: [],
    code,
  });
  if (wantsPairing) {
    return code && UNPAIRED.has(code) ? { show: "pairing", problem: reason } : { show: "pairing" };
  }
  if (isBroken) {
    return {
      ...message(
        "This page cannot be shown here",
        "The app has led to a page that this window cannot show, or that could not be loaded.",
      ),
      actions: ["again"],
    };
  }
  if (isOpen || (state === "connected" && workerError === undefined)) return { show: "content" };
  if (workerError !== undefined && state === "connected") {
    return message(
      "This window cannot show the app",
      workerError,
      "Open this page in an ordinary window of a current browser.",
    );
  }
  switch (code) {
    case undefined:
      return { ...message("Connecting to your laptop", reason), isBusy: true };
    case "not-paired":
      return { show: "pairing" };
    case "host-offline":
      return {
        ...message("Your laptop is offline", "This page connects as soon as it is back."),
        isBusy: true,
        actions: ["retry"],
      };
    case "host-key-changed":
      return {
        ...message("This link is from another laptop", reason),
        actions: isPinned ? ["retry"] : ["retry", "forget"],
      };
    case "unsupported":
      return message("This browser cannot connect", reason);
    case "bad-config":
      return message("This site is not set up", reason);
    default:
      if (UNPAIRED.has(code)) return { show: "pairing", problem: reason };
      return {
        ...message("No connection to your laptop", reason, BY_ITSELF),
        isBusy: true,
        actions: ["retry", "pair"],
      };
  }
}

function asSentence(text: string): string {
  return text.replace(/[^.!?…]$/, "$&.");
}
