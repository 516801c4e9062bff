// Takes the blocks of TypeScript out of docs/recipes.md, type-checks them, and bundles them for a page.
import { build } from "esbuild";
import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What each block of the document begins with (docs/recipes.md, "The tunnel"). */
const TUNNEL = 'const tunnel = document.querySelector("lighthouse-tunnel")!;';

/** A block of TypeScript in a document. */
export interface Block {
  /** The heading above it. */
  heading: string;
  /** The file's name, which other blocks import: its first line, or else the number of the block. */
  file: string;
  /** The module's source text. */
  source: string;
  /** What it logs: the comments behind `console.log(…)`. A block that logs nothing is only compiled. */
  logs: string[];
}

/** Reads a document's blocks of TypeScript. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let heading = "";
  for (const [, title, text] of markdown.matchAll(/^#+ (.+)$|^```ts\n([^]*?)^```$/gm)) {
    if (text === undefined) {
      heading = title!;
      continue;
    }
    const [, name] = /^\/\/ ([\w]+\.ts)\n/.exec(text) ?? [];
    const logs = text.matchAll(/console\.log\(.*?\);(?: }\);)? \/\/ (.*)$/gm);
    blocks.push({
      heading,
      file: name ?? `block_${blocks.length}.ts`,
      source: name || text.includes(TUNNEL) ? text : `${TUNNEL}\n${text}\nexport {};\n`,
      logs: [...logs].map(([, log]) => log!),
    });
  }
  return blocks;
}

/**
 * Writes blocks into a folder as a project whose packages are installed elsewhere. The element's
 * declarations are those of the last build.
 *
 * @param packages The folder with `node_modules`.
 */
export async function writeProject(
  folder: string,
  blocks: Block[],
  packages: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await symlink(join(packages, "node_modules"), join(folder, "node_modules"));
  for (const { file, source } of blocks) await writeFile(join(folder, file), source);
  // As a new project of Vite has it.
  const tsconfig = {
    compilerOptions: {
      target: "ES2022",
      module: "ESNext",
      moduleResolution: "Bundler",
      lib: ["ES2022", "DOM", "DOM.Iterable"],
      types: [],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      verbatimModuleSyntax: true,
      erasableSyntaxOnly: true,
      noImplicitOverride: true,
      paths: { "lighthouse-tunnel": [join(ROOT, "components/dist/define.d.ts")] },
    },
    include: ["*.ts"],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
}

/** Type-checks a project. @returns The compiler's complaints. */
export async function typeCheck(folder: string): Promise<string> {
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const { stdout } = await run("node", [compiler, "-p", folder]).catch((error) => error);
  return stdout;
}

/** Bundles the blocks that log something. @returns The text of each block's module. */
export async function bundle(folder: string, blocks: Block[]): Promise<Map<Block, string>> {
  const logging = blocks.filter(({ logs }) => logs.length > 0);
  const { outputFiles } = await build({
    entryPoints: logging.map(({ file }) => join(folder, file)),
    outdir: folder,
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "warning",
  });
  return new Map(outputFiles.map(({ text }, at) => [logging[at]!, text]));
}
