// Development part: writes a WebM file that browsers can seek in (https://www.webmproject.org/docs/container/,
// elements and their types: RFC 9559).

/** A frame of VP8. */
export interface Frame {
  bytes: Uint8Array;
  /** Whether it can be shown without the ones before it. */
  isKey: boolean;
}

/** A film: frames at even distances, the first of them a key frame. */
export interface Film {
  width: number;
  height: number;
  framesPerSecond: number;
  frames: Frame[];
}

const IVF_HEADER = 32;
const IVF_FRAME_HEADER = 12;

/** Reads an IVF file with VP8 in it (https://wiki.multimedia.cx/index.php/IVF). */
export function readIvf(file: Uint8Array): Film {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const frames: Frame[] = [];
  for (let at = IVF_HEADER; at < file.length;) {
    const start = at + IVF_FRAME_HEADER;
    at = start + view.getUint32(at, true);
    const bytes = file.subarray(start, at);
    frames.push({ bytes, isKey: (bytes[0]! & 1) === 0 }); // RFC 6386 §9.1
  }
  return {
    width: view.getUint16(12, true),
    height: view.getUint16(14, true),
    framesPerSecond: view.getUint32(16, true) / view.getUint32(20, true),
    frames,
  };
}

/**
 * Writes the film as WebM: a cluster for each key frame, with an index of them in front.
 *
 * @param clusterBytes What each cluster is filled up to, so that the file is as large as a film of
 * good quality; a seek then asks for another part of it.
 */
export function writeWebm(film: Film, clusterBytes: number): Buffer<ArrayBuffer> {
  const clusters = clustersOf(film, clusterBytes);
  const before = (start: number) => [...headers(film), cues(clusters, start)];
  // The index says where the clusters are, in numbers of fixed length: so its own length is known.
  const start = Buffer.concat(before(0)).length;
  const segment = Buffer.concat([...before(start), ...clusters.map(({ bytes }) => bytes)]);
  return Buffer.concat([
    element(0x1a45dfa3, element(0x4282, Buffer.from("webm")), element(0x4287, uint(4))),
    element(0x18538067, segment),
  ]);
}

/** One second or so, from a key frame to the next. */
interface Cluster {
  /** Milliseconds from the beginning. */
  time: number;
  bytes: Buffer;
}

function clustersOf({ frames, framesPerSecond }: Film, size: number): Cluster[] {
  const groups: { time: number; blocks: Buffer[] }[] = [];
  for (const [index, { bytes, isKey }] of frames.entries()) {
    const time = Math.round(index * 1000 / framesPerSecond);
    if (isKey) groups.push({ time, blocks: [] });
    const { time: start, blocks } = groups.at(-1)!;
    const head = Buffer.from([0x81, 0, 0, isKey ? 0x80 : 0]); // track 1, time in the cluster, flags
    head.writeInt16BE(time - start, 1);
    blocks.push(element(0xa3, head, bytes));
  }
  return groups.map(({ time, blocks }) => {
    const content = Buffer.concat([element(0xe7, uint(time)), ...blocks]);
    const padding = element(0xec, Buffer.alloc(Math.max(0, size - content.length)));
    return { time, bytes: element(0x1f43b675, content, padding) };
  });
}

function headers({ width, height, framesPerSecond, frames }: Film): Buffer[] {
  const milliseconds = Buffer.alloc(8);
  milliseconds.writeDoubleBE(frames.length * 1000 / framesPerSecond);
  const info = element(
    0x1549a966,
    element(0x2ad7b1, uint(1_000_000)), // times are in milliseconds
    element(0x4489, milliseconds),
    element(0x4d80, Buffer.from("lighthouse")),
    element(0x5741, Buffer.from("lighthouse")),
  );
  const track = element(
    0xae,
    element(0xd7, uint(1)),
    element(0x73c5, uint(1)),
    element(0x83, uint(1)), // video
    element(0x86, Buffer.from("V_VP8")),
    element(0xe0, element(0xb0, uint(width)), element(0xba, uint(height))),
  );
  return [info, element(0x1654ae6b, track)];
}

/** @param start Where the first cluster begins, in the segment. */
function cues(clusters: Cluster[], start: number): Buffer {
  let at = start;
  return element(
    0x1c53bb6b,
    ...clusters.map(({ time, bytes }) => {
      const position = element(0xb7, element(0xf7, uint(1)), element(0xf1, uint(at)));
      at += bytes.length;
      return element(0xbb, element(0xb3, uint(time)), position);
    }),
  );
}

/** An element: its id, its length in eight bytes, and what it holds. */
function element(id: number, ...content: Uint8Array[]): Buffer {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  const head = Buffer.from(id.toString(16), "hex");
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(length) | 1n << 56n);
  return Buffer.concat([head, size, ...content]);
}

function uint(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
