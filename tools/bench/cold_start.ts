// What a new instance of the relay's Lambda spends before it can take an event: the very file that is
// deployed, imported by a process of its own each time.
import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What cold starts took. */
export interface ColdStart {
  /** Milliseconds of each import. */
  times: number[];
  /** The most memory that importing took besides Node.js itself, in bytes. */
  memory: number;
}

const RELAY = fileURLToPath(new URL("../../relay/dist/main.mjs", import.meta.url));

const SCRIPT = `
const before = process.memoryUsage().rss;
const started = performance.now();
await import(process.argv[1]);
console.log(JSON.stringify([performance.now() - started, process.memoryUsage().rss - before]));
`;

/** Imports the relay so many times. It must have been built. */
export async function coldStarts(count: number): Promise<ColdStart> {
  const run = promisify(execFile);
  const times: number[] = [];
  let memory = 0;
  for (let i = 0; i < count; i++) {
    const args = ["--input-type=module", "--eval", SCRIPT, RELAY];
    const { stdout } = await run(process.execPath, args);
    const [time, more] = JSON.parse(stdout) as [number, number];
    times.push(time);
    memory = Math.max(memory, more);
  }
  return { times, memory };
}
