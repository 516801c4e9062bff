// Which folder may import which: docs/architecture.md has the drawing.
import { posix } from "node:path";

/** For each folder, what its files may import from outside of it. */
const ALLOWED: Record<string, (imported: string) => boolean> = {
  wire: (imported) => imported === "@hpke/core",
  relay: (imported) =>
    imported === "aws4fetch" || imported === "node:process" || isEnvelope(imported),
  host: (imported) =>
    !isPath(imported) || imported === "wire/mod.ts" || imported === "package.json",
  components: (imported) =>
    imported === "wire/mod.ts" || imported === "simple-peer" || imported === "lit",
  stack: (imported) => imported.startsWith("@pulumi/") || imported.startsWith("node:"),
  tools: () => true,
};

/** Files whose job is a platform's API; all others of wire/ and relay/ use web standards alone. */
const ADAPTERS = new Set(["relay/main.ts", "relay/connections.ts", "relay/registry.ts"]);

/** The envelope and a host's entry, and what they are made of. */
function isEnvelope(path: string): boolean {
  return ["signal/envelope", "error", "signal/host_entry", "parse"].map((name) => `wire/${name}.ts`)
    .includes(
      path,
    );
}

function isPath(imported: string): boolean {
  return !imported.startsWith("node:") && /\.(ts|json)$/.test(imported);
}

/** A file's source text by its path from the repository's root, with `/`. */
export type Sources = ReadonlyMap<string, string>;

/** Each import that goes a way it must not, as a line for people. Tests may import what they need. */
export function wrongImports(sources: Sources): string[] {
  const wrong: string[] = [];
  for (const [file, text] of sources) {
    const folder = file.split("/")[0]!;
    const allowed = ALLOWED[folder];
    if (!allowed || isTest(file)) continue;
    for (const imported of importsOf(file, text)) {
      const isInside = imported.startsWith(`${folder}/`);
      const isPlatform = !ADAPTERS.has(file) && (folder === "relay" || folder === "wire") &&
        !isPath(imported) && imported !== "@hpke/core";
      if (isPlatform || (!isInside && !allowed(imported))) {
        wrong.push(`${file} must not import ${imported}`);
      }
      if (folder !== "tools" && isInside && isTest(imported)) {
        wrong.push(`${file} must not import a test's ${imported}`);
      }
    }
  }
  return wrong;
}

function isTest(path: string): boolean {
  return path.endsWith("_test.ts") || path.includes("/testing/") || path.includes("/testdata/");
}

/** What a file imports: paths from the root, or names of packages. */
function importsOf(file: string, text: string): string[] {
  const specifiers = text.matchAll(
    /^(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"/gm,
  );
  return [...specifiers].map(([, from, bare]) => {
    const specifier = (from ?? bare)!;
    return specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : specifier;
  });
}
