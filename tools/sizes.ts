// How large the sources are, and what may not grow: no class of the product has more than 350 lines.
//
//     node tools/sizes.ts        a line for each folder: files, median, largest file, largest class
import process from "node:process";
import ts from "typescript";
import { isTest, readSources, type Sources } from "./sources.ts";

/** Lines of the largest class that is let through: what is larger is two things. */
export const MAX_CLASS_LINES = 350;

/** A file or a class, with its length. */
interface Sized {
  name: string;
  lines: number;
}

/** The sizes of one folder's sources, tests left out. */
export interface FolderSizes {
  folder: string;
  files: number;
  /** Lines of the median file. */
  median: number;
  largest: Sized;
  largestClass: Sized | undefined;
}

/** Measures each folder of the root. */
export function measureSources(sources: Sources): FolderSizes[] {
  const folders = Map.groupBy(
    [...sources].filter(([file]) => !isTest(file)),
    ([file]) => file.split("/")[0]!,
  );
  return [...folders].map(([folder, files]) => {
    const sized = files.map(([name, text]) => ({ name, lines: linesOf(text) })).sort(byLines);
    const classes = files.flatMap(([file, text]) => classesOf(file, text)).sort(byLines);
    return {
      folder,
      files: sized.length,
      median: sized[Math.floor(sized.length / 2)]!.lines,
      largest: sized[0]!,
      largestClass: classes[0],
    };
  });
}

/** A line for each class of the product that is too long. */
export function longClasses(sources: Sources): string[] {
  return [...sources].filter(([file]) => !isTest(file))
    .flatMap(([file, text]) => classesOf(file, text))
    .filter(({ lines }) => lines > MAX_CLASS_LINES)
    .map(({ name, lines }) => `${name} has ${lines} lines, more than ${MAX_CLASS_LINES}`);
}

function classesOf(file: string, text: string): Sized[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  return source.statements.filter(ts.isClassDeclaration).map((node) => ({
    name: `${file}: ${node.name?.text ?? "class"}`,
    lines: linesOf(text.slice(node.getStart(source), node.end)) + 1,
  }));
}

function linesOf(text: string): number {
  return text.split("\n").length - 1;
}

function byLines(a: Sized, b: Sized): number {
  return b.lines - a.lines;
}

if (import.meta.main) {
  for (
    const { folder, files, median, largest, largestClass } of measureSources(await readSources())
  ) {
    process.stdout.write(`${folder}: ${files} files, median ${median} lines\n`);
    for (const sized of [largest, largestClass]) {
      if (sized) process.stdout.write(`  ${String(sized.lines).padStart(4)}  ${sized.name}\n`);
    }
  }
}
