// What the shell shows in which situation: a pure function of what is known.
import type { ErrorCode } from "../../wire/mod.ts";
import type { TunnelState } from "../connection/connection_state.ts";
import type { TunnelAction } from "../texts/telling.ts";
import { asSentence, fill } from "../texts/texts.ts";
import type { ShellTexts } from "./texts.ts";

/** What is known. */
export interface Situation {
  /** The tunnel's state. */
  state: TunnelState;
  /** Why it is so, in the page's language. */
  reason: string;
  code?: ErrorCode;
  /** What helps. */
  actions: TunnelAction[];
  /** Why there is no service worker; undefined if there is one, or may be soon. */
  workerError?: string;
  /** Whether the app or the start page has been shown since the shell was opened. */
  isOpen: boolean;
  /** Whether the app's frame shows nothing of the app's. */
  isBroken: boolean;
  /** Whether the user has asked for the pairing views. */
  wantsPairing: boolean;
}

/** What a button on a message does. `again`: asks for the app's page again. */
export type ScreenAction = TunnelAction | "again";

/** A message in place of the app. */
export interface MessageScreen {
  show: "message";
  title: string;
  /** Sentences; text between backticks is code. */
  texts: string[];
  /** Whether something is under way. */
  isBusy: boolean;
  actions: ScreenAction[];
  /** The error's code, as the page says it. */
  code?: string;
}

/** What the shell shows. */
export type Screen =
  /** The app, or the start page. */
  | { show: "content" }
  /** The pairing views. `problem`: why the last attempt was refused. */
  | { show: "pairing"; problem?: string }
  | MessageScreen;

/** Gives what the shell shows. Content that has been open stays, whatever happens to the connection. */
export function screenFor(now: Situation, texts: ShellTexts): Screen {
  const { state, reason, code, actions, workerError, isOpen, isBroken, wantsPairing } = now;
  const message = (title: string, ...sentences: string[]): MessageScreen => ({
    show: "message",
    title,
    texts: sentences.filter((each) => each !== "").map(asSentence),
    isBusy: false,
    actions,
    code: code && fill(texts.code, { code }),
  });
  // Where only a pairing link helps, the views for it are at hand at once.
  const isUnpaired = actions.length === 1 && actions[0] === "pair";
  const pairing: Screen = isUnpaired && code !== "not-paired"
    ? { show: "pairing", problem: reason }
    : { show: "pairing" };
  if (wantsPairing) return pairing;
  if (isBroken) return { ...message(texts.broken, texts["broken-why"]), actions: ["again"] };
  if (isOpen || (state === "connected" && workerError === undefined)) return { show: "content" };
  if (workerError !== undefined && state === "connected") {
    return message(texts["no-worker"], workerError, texts["no-worker-how"]);
  }
  if (isUnpaired) return pairing;
  switch (code) {
    case undefined:
      return { ...message(texts.connecting, reason), isBusy: true };
    case "host-offline":
      return { ...message(texts.offline, texts["offline-how"]), isBusy: true };
    case "host-key-changed":
      return message(actions.includes("keep") ? texts["other-link"] : texts["other-host"], reason);
    case "unsupported":
      return message(texts.unsupported, reason);
    case "bad-config":
    case "wrong-origin":
      return message(texts["not-set-up"], reason);
    default:
      return { ...message(texts.failed, reason, texts["by-itself"]), isBusy: true };
  }
}
