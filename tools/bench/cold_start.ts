// Measures how long a new instance of the relay's Lambda takes before its first event: a new process
// imports the deployed file each time.
import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Times and memory of cold starts. */
export interface ColdStart {
  /** Milliseconds of each import. */
  times: number[];
  /** Most memory of an import besides Node.js itself, in bytes. */
  memory: number;
}

const RELAY = fileURLToPath(new URL("../../relay/dist/main.mjs", import.meta.url));

const SCRIPT = `
const before = process.memoryUsage().rss;
const started = performance.now();
await import(process.argv[1]);
console.log(JSON.stringify([performance.now() - started, process.memoryUsage().rss - before]));
`;

/** Imports the built relay `count` times. */
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
