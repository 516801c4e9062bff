// In place of the package err-code when simple-peer is bundled, for each error and code that simple-peer
// gives it. CommonJS, as what simple-peer requires is the function itself.

/** Gives an error a code. A DOMException has one already, which cannot be assigned. */
module.exports = (error, code) =>
  Object.defineProperty(error, "code", { value: code, configurable: true });
