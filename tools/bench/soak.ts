// A GiB down and a GiB up through the tunnel: whether it arrives as it was, and what memory it takes.
import type { Contender } from "./contender.ts";
import { type Memory, MemoryWatch } from "./memory_watch.ts";
import type { Hashes } from "./page/driver.ts";

/** What a soak has found. */
export interface Soak {
  /** Bytes each way. */
  bytes: number;
  download: Hashes;
  upload: Hashes;
  hostMemory: Memory | undefined;
  pageMemory: Memory;
  /** The most of the page's heap, in bytes, that is left when its garbage is collected. */
  pageHeld: number;
}

/** How often garbage is collected, in milliseconds: when the browser would is its own business. */
const COLLECT_MS = 2000;

/** Moves this many bytes each way. */
export async function runSoak(tunnel: Contender, bytes: number): Promise<Soak> {
  const memory = await MemoryWatch.of(tunnel);
  const held = [memory.page.idle];
  const timer = setInterval(async () => {
    try {
      await tunnel.page.collectGarbage();
      held.push(await tunnel.page.heap());
    } catch {
      // The page is gone, so the transfer fails too, and says why.
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
