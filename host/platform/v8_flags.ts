// Imported first, for what it does: tells V8 when to look for garbage, of which a host at work makes
// much: each message and each piece of a body has a buffer of some KiB, outside of V8's heap, hanging
// on a small object inside (docs/decisions.md, "When the host's garbage is collected").
import { setFlagsFromString } from "node:v8";

// The young objects at 1 MiB, where V8 would let them become 16: tens of MiB of buffers hang on those.
setFlagsFromString("--semi-space-growth-factor=1");

// Everything when heap and buffers have become three times as large as what was left the last time.
// V8 would do it at twice that, which with so small a heap is after each few MiB of a transfer.
setFlagsFromString("--heap-growing-percent=200");
