/**
 * The script that runs first in each of the app's documents, and in their workers of Blobs.
 *
 * @module
 */
import { type AppWindow, openApp, POST, webSocketOptions } from "./app.ts";
import { rememberBlobs } from "./blobs.ts";
import { keepCookies } from "./cookies.ts";
import { leadFrames } from "./frames.ts";
import { leadLinks } from "./links.ts";
import { type PageSettings, SETTINGS_ATTRIBUTE } from "./messages.ts";
import { leadNavigations, moveToRoot } from "./navigation.ts";
import { leadRequests } from "./requests.ts";
import { hideServiceWorker } from "./service_workers.ts";
import { hideShell } from "./shell_window.ts";
import { tellShell } from "./shown.ts";
import { replaceWebSocket } from "./web_socket.ts";
import { serveWorker } from "./worker_script.ts";
import { leadWorkers } from "./workers.ts";

/** Windows that have been served. */
const served = new WeakSet<Document>();

function main(window: AppWindow, script: HTMLScriptElement): void {
  const settings = JSON.parse(script.getAttribute(SETTINGS_ATTRIBUTE)!) as PageSettings;
  script.remove();
  // A sandboxed document has no worker, and no rights of the site.
  if (window.origin === "null" || served.has(window.document)) return;
  served.add(window.document);
  const app = openApp(window, { settings, script: script.src, nonce: script.nonce });
  const replaceCookies = keepCookies(window, app);
  const serve = (other: AppWindow) => {
    rememberBlobs(other);
    replaceWebSocket(other, webSocketOptions(window, app));
    replaceCookies(other);
    hideServiceWorker(other);
    leadRequests(other, app);
    leadWorkers(other, app);
    leadLinks(other, app);
    leadFrames(other, app, adopt);
  };
  const adopt = (other: AppWindow) => {
    if (served.has(other.document)) return false;
    served.add(other.document);
    Object.defineProperty(other, POST, { value: app.post });
    serve(other);
    return true;
  };
  const isOfUrl = /^https?:/.test(window.location.protocol);
  if (settings.isMoved && isOfUrl) moveToRoot(window, app);
  if (isOfUrl) leadNavigations(window, app);
  serve(window);
  if (app.isRoot && isOfUrl) {
    tellShell(window, app);
    hideShell(window, app);
  }
}

// Workers of Blobs have the same text in front of their own.
if (typeof document === "undefined") serveWorker();
else if (document.currentScript instanceof HTMLScriptElement) main(window, document.currentScript);
