// In place of the package debug when simple-peer is bundled: its log of each step, which only shows
// where a key in localStorage asks for it. CommonJS, as what simple-peer requires is the function.

/** A log that drops everything. */
module.exports = () => () => {};
