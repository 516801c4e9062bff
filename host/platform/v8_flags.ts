// Import this first. It sets when V8 collects garbage. A busy host makes much of it: each message and
// each piece of a body has a buffer of some KiB outside of V8's heap, which a small object inside keeps
// (docs/decisions.md, "When the host's garbage is collected").
import { setFlagsFromString } from "node:v8";

// Collect young objects at 1 MiB instead of 16: they keep tens of MiB of buffers.
setFlagsFromString("--semi-space-growth-factor=1");

// Collect all objects when heap and buffers are three times as large as after the last collection. V8
// does it at twice that size, which for a small heap is after each few MiB of a transfer.
setFlagsFromString("--heap-growing-percent=200");
