/**
 * The script that runs first in each of the app's documents.
 *
 * @module
 */
import { type PageSettings, SETTINGS_ATTRIBUTE } from "./messages.ts";

const script = document.currentScript;
const settings = JSON.parse(script?.getAttribute(SETTINGS_ATTRIBUTE) ?? "null") as
  | PageSettings
  | null;
script?.remove();
if (settings?.isInShell) document.documentElement.dataset.lighthouse = "";
