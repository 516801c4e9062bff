// Generates docs/reference/types.md: what the package exports besides the element, from its declarations.
import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import ts from "typescript";

/** An entry of the package: how a program imports it, and its source. */
interface Entry {
  specifier: string;
  file: string;
}

const ENTRIES: readonly Entry[] = [
  { specifier: "lighthouse-tunnel", file: "components/mod.ts" },
  { specifier: "lighthouse-tunnel/pulumi", file: "stack/mod.ts" },
];

/** It has a page of its own: docs/reference/element.md. */
const ELEMENT = "LighthouseTunnel";

/** A declaration that an entry exports. */
interface Exported {
  name: string;
  node: ts.Node;
  source: ts.SourceFile;
}

/** Returns docs/reference/types.md. */
export async function formatTypes(): Promise<string> {
  const parts = [
    "# Exported types",
    "<!-- npm run build writes this page from the sources. -->",
    "What the package exports besides [the element](element.md).",
  ];
  for (const { specifier, file } of ENTRIES) {
    const exported = await exportsOf(file);
    parts.push(`## ${specifier}`);
    for (const each of exported.toSorted((a, b) => a.name.localeCompare(b.name))) {
      if (each.name !== ELEMENT) parts.push(...formatExported(each, specifier));
    }
  }
  return `${parts.join("\n\n")}\n`;
}

/**
 * Finds what a module exports, and follows `export … from` and imports that it exports.
 *
 * @param only Names, if not all that it exports from others.
 * @throws {Error} If one of the names is declared nowhere.
 */
async function exportsOf(file: string, only?: ReadonlySet<string>): Promise<Exported[]> {
  const source = await declarationsOf(file);
  const found: Exported[] = [];
  for (const node of source.statements) {
    const names = namesFromOthers(node)?.filter((name) => !only || only.has(name));
    if (names?.length && (only || ts.isExportDeclaration(node))) {
      const { text } = (node as ts.ImportDeclaration).moduleSpecifier as ts.StringLiteral;
      found.push(...await exportsOf(posix.join(posix.dirname(file), text), new Set(names)));
    } else if ("name" in node && node.name && ts.isIdentifier(node.name as ts.Node)) {
      const name = (node.name as ts.Identifier).text;
      // An interface that adds to a class tells only its overloads.
      const isAddition = ts.isInterfaceDeclaration(node) && isClass(name, source);
      if (only?.has(name) && !isAddition) found.push({ name, node, source });
    }
  }
  for (const name of only ?? []) {
    if (!found.some((each) => each.name === name)) {
      throw new Error(`Cannot find the declaration of ${name}, which ${file} exports`);
    }
  }
  return found;
}

/** The names in `export { … } from` and in `import { … } from`. */
function namesFromOthers(node: ts.Statement): string[] | undefined {
  const clause = ts.isExportDeclaration(node) && node.moduleSpecifier
    ? node.exportClause
    : ts.isImportDeclaration(node)
    ? node.importClause?.namedBindings
    : undefined;
  return clause && (ts.isNamedExports(clause) || ts.isNamedImports(clause))
    ? clause.elements.map(({ name }) => name.text)
    : undefined;
}

function isClass(name: string, source: ts.SourceFile): boolean {
  return source.statements.some((node) => ts.isClassDeclaration(node) && node.name?.text === name);
}

/** Reads a source as TypeScript declares it to others: without bodies and private members. */
async function declarationsOf(file: string): Promise<ts.SourceFile> {
  const text = await readFile(file, "utf8");
  const { outputText } = ts.transpileDeclaration(text, {
    fileName: file,
    compilerOptions: { target: ts.ScriptTarget.ESNext, strict: true },
  });
  return ts.createSourceFile(file, outputText, ts.ScriptTarget.ESNext, true);
}

function formatExported({ name, node, source }: Exported, specifier: string): string[] {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  const declaration = node.getText(source)
    .replaceAll(/^ {4}#private;\n/gm, "")
    .replace(/^export (?:declare )?/, "")
    .replaceAll(/typeof (\w+)\[number\]/g, (_, tuple) => unionOf(tuple, source))
    .replaceAll(/^(?: {4})+/gm, (spaces) => "  ".repeat(spaces.length / 4));
  return [
    `### ${name}`,
    ...comment ? [proseOf(comment)] : [],
    "```ts\n" + declaration + "\n```",
    // The examples in the sources import their own file.
    ...comment
      ? examplesOf(comment).map((text) => text.replace(/"\.\/\w+\.ts"/, `"${specifier}"`))
      : [],
  ];
}

/** Returns the union of the strings of a constant tuple. */
function unionOf(name: string, source: ts.SourceFile): string {
  const tuple = new RegExp(`const ${name}: readonly \\[(.*)\\]`).exec(source.text)?.[1];
  if (tuple === undefined) throw new Error(`Cannot find the tuple ${name} in ${source.fileName}`);
  return tuple.split(", ").map((member) => `\n  | ${member}`).join("");
}

/** Returns a comment's text, and its tags with names as list items. */
function proseOf(comment: ts.JSDoc): string {
  const items = (comment.tags ?? []).flatMap((tag) => {
    const text = textOf(tag.comment);
    switch (tag.tagName.text) {
      case "param":
        return `- \`${(tag as ts.JSDocParameterTag).name.getText()}\`: ${text}`;
      case "returns":
        return `- Returns: ${text}`;
      case "throws":
        return `- Throws ${(tag as ts.JSDocThrowsTag).typeExpression?.type.getText()}: ${text}`;
      case "event":
        return `- Event ${
          text.replace(/^(?:\{(\w+)\} )?(\w+) - /, "`$2` ($1): ").replace(" ()", "")
        }`;
      default:
        return [];
    }
  });
  return [textOf(comment.comment), items.join("\n")].filter(Boolean).join("\n\n");
}

function examplesOf(comment: ts.JSDoc): string[] {
  return (comment.tags ?? []).filter(({ tagName }) => tagName.text === "example")
    .map((tag) => `Example:\n\n${textOf(tag.comment)}`);
}

/** Returns a comment as Markdown: names of `{@linkcode}` as code. */
function textOf(comment: ts.JSDocTag["comment"]): string {
  return (ts.getTextOfJSDocComment(comment) ?? "").replaceAll(/\{@linkcode (\w+)\}/g, "`$1`")
    .trim();
}
