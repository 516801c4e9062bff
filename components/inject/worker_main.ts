/**
 * The script that runs first in each of the app's workers.
 *
 * @module
 */
Object.defineProperty(globalThis, "lighthouse", { value: true });
