import { readFile } from "node:fs/promises";
import * as assert from "uvu/assert";
import { suite } from "../testing/suite.ts";
import { type Film, readIvf, writeWebm } from "./webm.ts";

const test = suite("webm");

/** An element, and where it lies. */
interface Element {
  id: string;
  /** Where it begins, and where what it holds does, in the file. */
  start: number;
  content: number;
  end: number;
}

/** The elements side by side from `start` to `end`: ids of one to four bytes, lengths of eight. */
function elements(file: Buffer, start = 0, end = file.length): Element[] {
  const found: Element[] = [];
  while (start < end) {
    const length = Math.clz32(file[start]!) - 23;
    const content = start + length + 8;
    const size = Number(file.readBigUInt64BE(start + length) & 0xff_ffff_ffff_ffffn);
    const id = file.subarray(start, start + length).toString("hex");
    found.push({ id, start, content, end: content + size });
    start = content + size;
  }
  return found;
}

const inside = (file: Buffer, { content, end }: Element) => elements(file, content, end);
const uintOf = (file: Buffer, { content }: Element) => Number(file.readBigUInt64BE(content));

const FILM: Film = {
  width: 32,
  height: 16,
  framesPerSecond: 2,
  frames: [true, false, true, false, true].map((isKey, index) => ({
    isKey,
    bytes: new Uint8Array(10).fill(index),
  })),
};

test("readIvf() reads the film's size, its pace and its frames", async () => {
  const film = readIvf(await readFile(new URL("./lighthouse.ivf", import.meta.url)));
  assert.equal([film.width, film.height, film.framesPerSecond], [256, 144, 10]);
  assert.is(film.frames.length, 120);
  const keys = film.frames.flatMap(({ isKey }, index) => isKey ? [index] : []);
  assert.equal(keys, Array.from({ length: 12 }, (_, second) => second * 10));
});

test("writeWebm() makes a cluster of each key frame, as large as wished, and says where it is", () => {
  const file = writeWebm(FILM, 1000);
  const [head, segment, ...rest] = elements(file);
  assert.equal([head!.id, segment!.id, rest], ["1a45dfa3", "18538067", []]);
  const parts = inside(file, segment!);
  assert.equal(
    parts.map(({ id }) => id),
    ["1549a966", "1654ae6b", "1c53bb6b", "1f43b675", "1f43b675", "1f43b675"],
  );
  const clusters = parts.slice(3);
  for (const { content, end } of clusters) assert.ok(end - content >= 1000);

  const cues = inside(file, parts[2]!).map((point) => {
    const [time, positions] = inside(file, point);
    return [uintOf(file, time!), uintOf(file, inside(file, positions!)[1]!)];
  });
  const starts = clusters.map(({ start }) => start - segment!.content);
  assert.equal(cues, [[0, starts[0]], [1000, starts[1]], [2000, starts[2]]]);

  const [time, ...blocks] = inside(file, clusters[1]!);
  assert.is(uintOf(file, time!), 1000);
  const heads = blocks.filter(({ id }) => id === "a3")
    .map(({ content }) => [...file.subarray(content, content + 5)]);
  // Track, time in the cluster, flags, and the frame.
  assert.equal(heads, [[0x81, 0, 0, 0x80, 2], [0x81, 500 >> 8, 500 & 255, 0, 3]]);
});

test.run();
