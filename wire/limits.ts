// Constants that several files must agree on. Whoever changes one changes all of its users.

/**
 * `LAPTOP_ID` in the relay's environment before a host has registered. relay/registry.ts reads it,
 * stack/relay_function.ts deploys it (a folder that imports nothing: a test compares the two), and
 * tools/local/bridge.ts runs a relay with it.
 */
export const NO_LAPTOP_ID = "init";

/**
 * Round-trip time below which the other end counts as near, in milliseconds: there, the processors
 * are slower than the path. session/carrier.ts acknowledges less often then, and
 * session/congestion_window.ts keeps more on the way: a window must not be smaller than the bytes
 * between two acknowledgements.
 */
export const NEAR_MS = 10;

/**
 * Largest window of a stream, in bytes. session/windows.ts grants no larger one, so
 * session/send_stream.ts keeps no more to be sent again, whatever limit the other end names
 * (docs/wire.md, "CREDIT").
 */
export const MAX_STREAM_WINDOW = 4 * 1024 * 1024;

/**
 * Bytes that the streams of a session share beyond the first credit of each: unread ones in
 * session/windows.ts, and those kept to be sent again in session/retransmit_budget.ts (docs/wire.md,
 * "CREDIT").
 */
export const SHARED_BYTES = 16 * 1024 * 1024;
