// Watches the sizes of arriving WebSocket frames, which `ws` does not report: API Gateway closes a
// connection for a frame over 32 KB, and a browser sends a long message as one frame. Users do not deploy
// this.
//
//     byte 0    FIN, RSV, opcode
//     byte 1    MASK | length (0 to 125; 126: 16 bits follow; 127: 64 bits follow)
//     0, 2, 8   extended length, big-endian
//     0, 4      masking key, if MASK is set
//               payload

/**
 * Returns a function that takes the bytes of one direction of a WebSocket, in chunks of any size, and
 * reports each frame once its header is complete.
 *
 * Follows https://www.rfc-editor.org/rfc/rfc6455#section-5.2
 *
 * @param onFrame Called with the payload's length in bytes.
 */
export function watchFrames(onFrame: (length: number) => void): (chunk: Uint8Array) => void {
  const header: number[] = [];
  let payloadLeft = 0;
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (payloadLeft > 0) {
        const skipped = Math.min(payloadLeft, chunk.length - at);
        payloadLeft -= skipped;
        at += skipped;
        continue;
      }
      header.push(chunk[at++]!);
      const length = payloadLength(header);
      if (length === undefined) continue;
      header.length = 0;
      payloadLeft = length;
      onFrame(length);
    }
  };
}

/** Returns the payload's length in bytes; undefined while the header is incomplete. */
function payloadLength(header: number[]): number | undefined {
  const second = header[1];
  if (second === undefined) return undefined;
  const short = second & 0x7f;
  const extended = short === 127 ? 8 : short === 126 ? 2 : 0;
  const mask = second & 0x80 ? 4 : 0;
  if (header.length < 2 + extended + mask) return undefined;
  if (extended === 0) return short;
  return header.slice(2, 2 + extended).reduce((length, byte) => length * 256 + byte, 0);
}
