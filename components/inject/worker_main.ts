/**
 * The script that runs first in each of the app's workers.
 *
 * @module
 */
import { serveWorker } from "./worker_script.ts";

serveWorker();
