// What is said of a connection, and what its user can do: a pure function of the connection's state.
import type { ErrorCode, LighthouseError } from "../../wire/mod.ts";
import type { ConnectionView } from "../connection/connection_view.ts";
import { nameOf, nameOfError, type TextName } from "./texts.ts";

/** Something that a user can do, by the name of its button's text. */
export type TunnelAction =
  /** Tries again at once. */
  | "retry"
  /** Opens the pairing views. */
  | "pair"
  /** Accepts the host of the opened pairing link in place of the paired one. */
  | "accept"
  /** Goes on without that link. */
  | "keep";

/** What is said, by the names of the texts. */
export interface Telling {
  /** The state's name. */
  label: TextName;
  /** Undefined if there is nothing to add. */
  sentence: TextName | undefined;
  /** What helps, the best first. */
  actions: TunnelAction[];
}

/** Failures that a pairing link mends, and how the state is called then. */
const UNPAIRED: Partial<Record<ErrorCode, TextName>> = {
  "not-paired": "unpaired",
  "device-revoked": "removed",
  "pairing-used": "unpaired",
  "pairing-expired": "unpaired",
  "bad-link": "unpaired",
  "wrong-origin": "unpaired",
};

/**
 * Tells what to show.
 *
 * @param isPinned Whether the page names its host's key, so that no other host can be accepted.
 */
export function tell(
  view: Pick<ConnectionView, "state" | "reason" | "error">,
  isPinned: boolean,
): Telling {
  const { state, reason, error } = view;
  if (error && (state === "failed" || state === "offline")) {
    return {
      label: labelOf(view),
      sentence: nameOfError(error),
      actions: actionsFor(error, isPinned),
    };
  }
  const sentence = nameOf(reason);
  if (sentence === "relayed") return { label: sentence, sentence: "relayed-why", actions: [] };
  // A sentence that only repeats the state's name adds nothing.
  return { label: state, sentence: sentence === state ? undefined : sentence, actions: [] };
}

function labelOf({ state, error }: Pick<ConnectionView, "state" | "error">): TextName {
  if (error?.code === "host-key-changed") return "other-host";
  return (error && UNPAIRED[error.code]) ?? state;
}

function actionsFor(error: LighthouseError, isPinned: boolean): TunnelAction[] {
  switch (nameOfError(error)) {
    case "link-of-other-host":
      return ["accept", "keep"];
    case "link-of-other-page":
      return ["keep"];
    case "link-refused":
      return ["pair", "retry"];
    case "host-key-changed":
      return isPinned ? ["retry"] : ["pair", "retry"];
    // Nobody mends a page by a click.
    case "no-origin":
      return [];
  }
  if (error.code in UNPAIRED) return ["pair"];
  return error.code === "unsupported" || error.code === "bad-config" ? [] : ["retry"];
}
