// Transfers through cuts: the connection is ended again and again, by either side and by the network,
// with and without a word, and everything goes on where it stopped. `npm run bench -- --resume` does
// the same with larger transfers, and judges the time that it takes.
import * as assert from "uvu/assert";
import { runResume } from "../bench/resume.ts";
import { suite } from "../testing/suite.ts";

const test = suite("resume", { deadline: 180_000 });
const MiB = 1024 * 1024;

const seed = Math.floor(Math.random() * 1_000_000);

test("a download, an upload, a WebSocket and an EventSource survive cuts of all kinds", async () => {
  console.log(`seed ${seed}`);
  const plan = { download: 24 * MiB, upload: 8 * MiB, cuts: 10, connects: 1, seed };
  const { outcome, expected, counts, gaps } = await runResume(plan);
  console.log(`gaps in ms: ${gaps.map(({ gap }) => gap.toFixed(0)).join(" ")}`);
  const { downloaded, uploaded, events, socket } = outcome;
  assert.equal({ downloaded, uploaded }, expected);
  assert.is(events.misplaced, 0);
  assert.ok(events.count > 0);
  assert.equal([socket.misplaced, socket.code], [0, 1000]);
  assert.is(socket.end, `end ${socket.sent} ${socket.received}`);
  assert.ok(socket.sent > 0 && socket.received > 0);
  // Each was asked for once: what goes on is not asked for again.
  assert.equal(counts, { downloads: 1, uploads: 1, events: 1, sockets: 1, misplaced: 0 });
});

test.run();
