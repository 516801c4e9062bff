// Refuses the spread of a literal, such as `...{ a, b }`, which only keeps the formatter from writing
// one member a line.
import ts from "typescript";
import type { Sources } from "./sources.ts";

/** A line for each spread of an object or array literal in an object, an array or a call. */
export function literalSpreads(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) => {
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
    const lines: string[] = [];
    const visit = (node: ts.Node) => {
      if ((ts.isSpreadAssignment(node) || ts.isSpreadElement(node)) && isLiteral(node.expression)) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
        lines.push(`${file}:${line + 1}: write the members of the spread literal themselves`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return lines;
  });
}

function isLiteral(node: ts.Expression): boolean {
  if (ts.isAsExpression(node)) return isLiteral(node.expression);
  return ts.isObjectLiteralExpression(node) || ts.isArrayLiteralExpression(node);
}
