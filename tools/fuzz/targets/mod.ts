/**
 * All targets, in the order of the report.
 *
 * @module
 */
import type { Target } from "../target.ts";
import { frames, hello } from "./frames.ts";
import { requestHeads, responseHeads, webSocketMessages } from "./http.ts";
import { controlSocket, inspector } from "./local_servers.ts";
import { receiveStream } from "./receive_stream.ts";
import { relays, sessionDescriptions } from "./relay.ts";
import { registryRequests } from "./registration.ts";
import { relayedMessages, relayedState } from "./relayed.ts";
import { cookies, headers, hostileAnswers, location, staticFiles } from "./services.ts";
import { session } from "./session.ts";
import { commandLine, settings, settingsFile, stackOutputs } from "./settings.ts";
import { envelopes, hostEntries, pairingLinks, reports, sealedOffers, signals } from "./signals.ts";
import { turn } from "./turn.ts";

export const TARGETS: readonly Target[] = [
  frames,
  hello,
  session,
  receiveStream,
  relayedMessages,
  relayedState,
  requestHeads,
  responseHeads,
  webSocketMessages,
  signals,
  envelopes,
  sealedOffers,
  reports,
  hostEntries,
  registryRequests,
  pairingLinks,
  sessionDescriptions,
  turn,
  relays,
  settings,
  settingsFile,
  commandLine,
  stackOutputs,
  staticFiles,
  location,
  headers,
  cookies,
  hostileAnswers,
  controlSocket,
  inspector,
];
