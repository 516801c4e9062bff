// In place of the package queue-microtask when simple-peer is bundled: every browser here has the function.
// CommonJS, as what simple-peer requires is the function itself.

/** The browser's own. */
module.exports = queueMicrotask;
