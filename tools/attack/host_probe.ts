// Preloaded into the host's process (`--import`): measures how long its event loop lets others wait, and
// tells it on a socket. The host knows nothing of it.
import { createServer } from "node:net";
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The delays of an event loop, in milliseconds. */
export interface Delay {
  p99: number;
  most: number;
}

const INTERVAL_MS = 10;
const US = 1000;

let delays: RecordableHistogram = createHistogram();
let last = performance.now();

/**
 * Counts one delay for each moment at which something may have arrived: a loop that stops for a second
 * counts as a hundred delays, not as one.
 */
function look(): void {
  const now = performance.now();
  let delay = Math.max(0, now - last - INTERVAL_MS);
  last = now;
  do {
    delays.record(Math.max(1, Math.round(delay * US)));
    delay -= INTERVAL_MS;
  } while (delay > 0);
}

setInterval(look, INTERVAL_MS).unref();
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Answers a connection with the delays since the last one, and begins anew; `gc` collects garbage first. */
const server = createServer((socket) => {
  socket.on("error", () => {});
  socket.once("data", (word) => {
    look();
    const answer: Delay = { p99: delays.percentile(99) / US, most: delays.max / US };
    if (String(word) === "gc") collectGarbage();
    last = performance.now();
    delays = createHistogram();
    socket.end(JSON.stringify(answer));
  });
});
server.listen(process.env.LIGHTHOUSE_PROBE).unref();
