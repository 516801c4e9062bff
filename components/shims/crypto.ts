// In place of Node's module crypto when HPKE is bundled: it looks there for WebCrypto, if that is not global.

/** WebCrypto, which every browser has. */
export const webcrypto = globalThis.crypto;
