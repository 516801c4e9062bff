// In place of the package randombytes when simple-peer is bundled, since it needs the package
// buffer. CommonJS, as what simple-peer requires is the function itself.

/** Random bytes with the `toString` that simple-peer calls for its names: always hexadecimal. */
module.exports = (size) => {
  const bytes = crypto.getRandomValues(new Uint8Array(size));
  return {
    toString: () => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
  };
};
