/**
 * The service worker: leads the requests of a site's pages under a prefix through the tunnel. The entry
 * of `components/dist/lighthouse-worker.js`, which is a whole worker by itself, or one line of a
 * site's own: `importScripts("./lighthouse-worker.js")`.
 *
 * The prefix is `local/` in the worker's scope, unless the URL under which the worker is registered
 * says another: `sw.js?prefix=laptop/`.
 *
 * @module
 */
import inject from "lighthouse:inject";
import injectWorker from "lighthouse:inject-worker";
import { startWorker, type WorkerScope } from "./start_worker.ts";

startWorker(globalThis as unknown as WorkerScope, { inject, injectWorker });
