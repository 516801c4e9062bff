// The examples of examples/ that are pages: what `npm start -- --example NAME` shows, and the tests open.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installExamples, pack } from "../package/examples.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));

/** An example that can be served. */
export interface Example {
  /** The page's folder. */
  folder: string;
  /** A URL, or a folder's path. @default the sample backend */
  backend?: string;
}

/** Pages that are served as they are. */
const STATIC: Record<string, Omit<Example, "folder">> = {
  "page": {},
  "llm-chat": { backend: "http://127.0.0.1:11434" },
  "photo-folder": { backend: join(EXAMPLES, "photo-folder", "photos") },
};

/** Pages that a framework builds, and where to. */
const BUILT: Record<string, string> = {
  "react": "dist",
  "svelte": "dist",
  "sveltekit": "build",
  "vue": "dist",
};

/** The names for `--example`. */
export const EXAMPLE_NAMES = [...Object.keys(STATIC), ...Object.keys(BUILT)];

/** An example that is served as it is. */
export function staticExample(name: string): Example | undefined {
  return STATIC[name] && { folder: join(EXAMPLES, name), ...STATIC[name] };
}

/** The built page of an example. @param installed The copy of examples/, in which it has been built. */
export function builtExample(installed: string, name: string): Example {
  return { folder: join(installed, name, BUILT[name]!) };
}

/** Makes an example ready: installs and builds it, where it needs that. Takes some 20 seconds. */
export async function prepareExample(name: string): Promise<Example> {
  const ready = staticExample(name);
  if (ready) return ready;
  const installed = await installExamples(await pack(temporaryFolder()));
  await promisify(execFile)("npm", ["run", "build"], { cwd: join(installed, name) });
  return builtExample(installed, name);
}
