// Moves a GiB down and a GiB up through the tunnel, and measures hashes and memory.
import type { Contender } from "./contender.ts";
import { type Memory, MemoryWatch } from "./memory_watch.ts";
import type { Hashes } from "./page/driver.ts";

/** Results of a soak. */
export interface Soak {
  /** Bytes each way. */
  bytes: number;
  download: Hashes;
  upload: Hashes;
  hostMemory: Memory | undefined;
  pageMemory: Memory;
  /** Largest heap of the page after garbage collection, in bytes. */
  pageHeld: number;
}

/** Interval of garbage collections, in milliseconds: the browser's own have no fixed times. */
const COLLECT_MS = 2000;

/** Moves `bytes` bytes each way. */
export async function runSoak(tunnel: Contender, bytes: number): Promise<Soak> {
  const memory = await MemoryWatch.of(tunnel);
  const held = [memory.page.idle];
  const timer = setInterval(async () => {
    try {
      await tunnel.page.collectGarbage();
      held.push(await tunnel.page.heap());
    } catch {
      // The page has ended, so the transfer fails, too, with the reason.
    }
  }, COLLECT_MS);
  try {
    const download = await memory.during(tunnel.page.run("hashedDownload", bytes));
    const upload = await memory.during(tunnel.page.run("hashedUpload", bytes));
    const { host: hostMemory, page: pageMemory } = memory;
    return { bytes, download, upload, hostMemory, pageMemory, pageHeld: Math.max(...held) };
  } finally {
    clearInterval(timer);
  }
}
