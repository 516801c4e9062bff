/**
 * All attacks, in the order of the report.
 *
 * @module
 */
import type { Attack } from "../attack.ts";
import { aheadOfAcks, beforeHello, slowAhead } from "./ahead.ts";
import {
  bombs,
  crumbs,
  deafSockets,
  halfMessages,
  slowRequests,
  tinyMessages,
} from "./backends.ts";
import { gaps } from "./gaps.ts";
import { bigHeads, jars, spellings, wrongHeads } from "./heads.ts";
import {
  deafBackend,
  missingStarts,
  sessionsAway,
  unfinishedHeads,
  unreadDownloads,
} from "./memory.ts";
import {
  connects,
  forgedOffers,
  halfOpen,
  lanes,
  refusedPairings,
  replays,
  strangersOffers,
  wrongDescriptions,
} from "./offers.ts";
import { forgedRelayed, meddledRelayed } from "./relayed.ts";
import {
  headlessStorm,
  helloStorm,
  pingStorm,
  requestStorm,
  resetStorm,
  streamStorm,
} from "./storms.ts";
import { tinyFrames, unknownFrames } from "./tiny_frames.ts";

export const ATTACKS: readonly Attack[] = [
  gaps,
  tinyFrames,
  unknownFrames,
  streamStorm,
  headlessStorm,
  resetStorm,
  requestStorm,
  pingStorm,
  helloStorm,
  aheadOfAcks,
  slowAhead,
  beforeHello,
  unfinishedHeads,
  missingStarts,
  sessionsAway,
  unreadDownloads,
  deafBackend,
  crumbs,
  bombs,
  slowRequests,
  halfMessages,
  deafSockets,
  tinyMessages,
  bigHeads,
  wrongHeads,
  spellings,
  jars,
  connects,
  halfOpen,
  lanes,
  wrongDescriptions,
  replays,
  forgedOffers,
  strangersOffers,
  refusedPairings,
  forgedRelayed,
  meddledRelayed,
];
