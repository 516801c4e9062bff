// What a page gets when it asks why its connection goes the way it goes.
import {
  type Cause,
  CAUSES,
  type Cure,
  CURES,
  diagnose,
  type ErrorCode,
  type NetworkReport,
  type Way,
  waysOf,
  type WayState,
} from "../../wire/mod.ts";
import { isOfNetwork } from "./connection_state.ts";
import type { ConnectionView } from "./connection_view.ts";

/** The result of the element's `diagnose`. The host's log and `lighthouse-host doctor` say the same. */
export interface TunnelDiagnosis {
  /** The way in use: `turn` by a TURN server, `relayed` through the relay. Undefined while not connected. */
  way?: "direct" | "turn" | "relayed";
  /** The states of all ways, the best first. `mapped`: by a port that the host's router maps. */
  ways: Record<Way, WayState>;
  /**
   * What decides the way: `direct`, `untried` (nothing is known to stand in the way), or what prevents a
   * direct connection, such as `page-no-udp` or `both-symmetric`. Where the host was not reached at all, the
   * code of the error.
   */
  cause: Cause | ErrorCode;
  /** The cause in one English sentence. */
  message: string;
  /** What helps, the best first, by code and in English. */
  cures: { code: Cure; text: string }[];
  /** What this browser sees of its network. */
  page: NetworkReport;
  /** What the host sees of its own; undefined until it has answered once. */
  host?: NetworkReport;
}

/** Makes the diagnosis of what is known now. */
export function diagnosisOf({ state, error, networks }: ConnectionView): TunnelDiagnosis {
  const { page, host } = networks ?? { page: {} };
  const rest: Pick<TunnelDiagnosis, "ways" | "page" | "host" | "way"> = {
    ways: waysOf(page, host),
    page,
  };
  if (host) rest.host = host;
  if (state === "connected" && page.way && page.way !== "none") rest.way = page.way;
  const verdict = diagnose(page, host);
  if (error && !isOfNetwork(error.code) && verdict.cause !== "no-webrtc") {
    return { ...rest, cause: error.code, message: error.message, cures: [] };
  }
  const cures = verdict.cures.map((code) => ({ code, text: CURES[code] }));
  return { ...rest, cause: verdict.cause, message: CAUSES[verdict.cause], cures };
}
