// <a download>: Chromium asks the site's own server for what such a link names, past the worker. A frame's
// navigation comes to the worker, which answers it with a file to save.
import type { AppWindow } from "./app.ts";
import { SAVE_PATH } from "./messages.ts";

/** How long a frame waits for the beginning of its file, in milliseconds. */
const WAIT_MS = 60_000;

/**
 * Saves what a link names.
 *
 * @param prefix The URL on the site that leads into the tunnel.
 * @param name The name that the link gives, or "". An answer's own name counts more.
 */
export function download({ document }: AppWindow, prefix: string, url: string, name: string): void {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.src = `${prefix}${SAVE_PATH}?${new URLSearchParams({ url, name })}`;
  document.documentElement.append(frame);
  setTimeout(() => frame.remove(), WAIT_MS);
}
