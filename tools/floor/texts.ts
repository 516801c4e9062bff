// Scripts, style sheets and pages that a script has as texts.
import ts from "typescript";

/** Shorter texts are names and messages. */
const SHORTEST = 12;

/** The texts of a script, by what they are. */
export interface Texts {
  scripts: string[];
  styles: string[];
  pages: string[];
}

/** Finds them, those within texts too. @param script TypeScript or JavaScript. */
export function findTexts(script: string): Texts {
  const found: Texts = { scripts: [], styles: [], pages: [] };
  const visit = (node: ts.Node) => {
    const text = textOf(node);
    if (text !== undefined && text.length >= SHORTEST) sort(text, found);
    // The parts of a template have been joined.
    if (!ts.isTemplateHead(node) && !ts.isTemplateMiddleOrTemplateTail(node)) {
      ts.forEachChild(node, visit);
    }
  };
  visit(ts.createSourceFile("script.ts", script, ts.ScriptTarget.Latest, true));
  return found;
}

/** A literal's text. Where a template has an expression, the text has a name. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `_${literal.text}`).join("");
}

function sort(text: string, found: Texts): void {
  if (/<[a-z][^<>]*>/.test(text)) found.pages.push(text);
  if (/\{[^{}]*[\w-]+\s*:[^{}]+\}/.test(text)) found.styles.push(text);
  if (!/[(=]/.test(text) || !isScript(text)) return;
  found.scripts.push(text);
  const inner = findTexts(text);
  found.scripts.push(...inner.scripts);
  found.styles.push(...inner.styles);
  found.pages.push(...inner.pages);
}

function isScript(text: string): boolean {
  const source = ts.createSourceFile("text.js", text, ts.ScriptTarget.Latest, false);
  const { parseDiagnostics } = source as unknown as { parseDiagnostics: unknown[] };
  return parseDiagnostics.length === 0;
}
