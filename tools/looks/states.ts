// The states that a connection can show, for tests and pictures of what a visitor sees.
import type { ConnectionView } from "../../components/connection/connection_view.ts";
import { ENGLISH } from "../../components/texts/english.ts";
import type { TextName } from "../../components/texts/texts.ts";
import { type ErrorCode, errorCodes, LighthouseError } from "../../wire/mod.ts";

/** A state with its name. */
export interface NamedState {
  name: string;
  view: ConnectionView;
}

const device = { id: "k4h7x2", name: "Chrome on Linux" };

/** Sentences that say more than their code. */
const SPECIAL: [name: TextName, code: ErrorCode][] = [
  ["relay-off", "connection-failed"],
  ["relay-missing", "connection-failed"],
  ["no-network", "relay-unreachable"],
  ["csp", "relay-unreachable"],
  ["link-refused", "relay-unreachable"],
  ["link-of-other-host", "host-key-changed"],
  ["link-of-other-page", "host-key-changed"],
  ["no-origin", "wrong-origin"],
  ["insecure", "unsupported"],
  ["no-webrtc", "unsupported"],
  ["no-storage", "unsupported"],
];

/** All of them: each state, each error code, and each sentence that says more than its code. */
export const STATES: NamedState[] = [
  { name: "idle", view: { state: "idle", reason: ENGLISH.idle } },
  { name: "signalling", view: { state: "signalling", reason: ENGLISH.looking } },
  { name: "lost", view: { state: "signalling", reason: ENGLISH.lost } },
  { name: "connecting", view: { state: "connecting", reason: ENGLISH.answered } },
  { name: "connected", view: { state: "connected", reason: ENGLISH.connected, device } },
  { name: "guest", view: { state: "connected", reason: ENGLISH.connected } },
  { name: "relayed", view: { state: "connected", reason: ENGLISH.relayed, device } },
  { name: "through", view: { state: "connected", reason: ENGLISH.through, device } },
  ...errorCodes.map((code) => failure(code, code, messageOf(code))),
  ...SPECIAL.map(([name, code]) => failure(name, code, ENGLISH[name])),
];

/** An example of the message with an error, where its text shows it. */
function messageOf(code: ErrorCode): string {
  if (code === "bad-config") return 'The relay attribute is not a URL such as wss://…/prod: ""';
  if (code === "wrong-origin") return "The host has not paired this browser for this site";
  return code === "unsupported" ? ENGLISH["no-webrtc"] : "It failed";
}

function failure(name: string, code: ErrorCode, message: string): NamedState {
  const state = code === "host-offline" ? "offline" : "failed";
  return { name, view: { state, reason: message, error: new LighthouseError(code, message) } };
}
