/**
 * The page of the key's site, in a hidden frame of the app's: holds key and connection, and lends streams.
 *
 * @module
 */
export {};
