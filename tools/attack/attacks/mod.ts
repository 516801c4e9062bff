/**
 * All attacks, in the order of the report.
 *
 * @module
 */
import type { Attack } from "../attack.ts";
import { aheadOfAcks, beforeHello, slowAhead } from "./ahead.ts";
import { gaps } from "./gaps.ts";
import {
  deafBackend,
  missingStarts,
  sessionsAway,
  unfinishedHeads,
  unreadDownloads,
} from "./memory.ts";
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
];
