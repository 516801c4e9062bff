// Features of CSS that are newer than the floor.
import { type CssNode, generate, parse, walk, type WalkContext } from "css-tree";
import { lookUp, lookUpType, type TooNew } from "./compat_data.ts";

/** A place in a style sheet that uses a feature. */
export interface StyleUse extends TooNew {
  /** From 1. */
  line: number;
  code: string;
}

/** Looks through a style sheet. A feature that it asks for by `@supports` has another way beside it. */
export function newStyleFeatures(css: string): StyleUse[] {
  const uses: StyleUse[] = [];
  /** Features that a condition names, and properties that are there with a prefix too. */
  const covered = new Set<string>();
  /** The at-rules and rules around a node, from the outside. */
  const around: CssNode[] = [];
  let property = "";
  const judge = (node: CssNode): (TooNew | undefined)[] => {
    switch (node.type) {
      case "Rule":
      case "Raw":
        // A rule inside of a rule. The parser leaves one without `&` as it is.
        return around.some(({ type }) => type === "Rule") &&
            (node.type === "Rule" || node.value.includes("{"))
          ? [lookUp("css.selectors.nesting")]
          : [];
      case "Atrule":
        return [lookUp(`css.at-rules.${node.name}`)];
      case "Feature":
        return [lookUp(`css.at-rules.${node.kind}.${node.name}`)];
      case "PseudoClassSelector":
      case "PseudoElementSelector":
        // A prefix says that the rule is for one kind of browser.
        return node.name.startsWith("-") ? [] : [lookUp(`css.selectors.${node.name}`)];
      case "Declaration":
        property = `css.properties.${node.property}`;
        if (node.property.startsWith("-")) {
          covered.add(property.replace(/\.-[a-z]+-/, "."));
        }
        return [lookUp(property)];
      case "Identifier":
        return [lookUp(`${property}.${node.name}`)];
      case "Function":
        return [lookUp(`${property}.${node.name}`), lookUpType(node.name)];
      case "Dimension":
        return [lookUpType(node.unit)];
      default:
        return [];
    }
  };
  walk(parse(css, { parseCustomProperty: true, positions: true }), {
    enter(this: WalkContext, node: CssNode) {
      const found = judge(node).find((each) => each !== undefined);
      const line = node.loc?.start.line ?? 1;
      if (found && this.atrule?.name === "supports" && this.atrulePrelude) {
        covered.add(found.feature);
      } else if (found) uses.push({ ...found, line, code: generate(node).slice(0, 80) });
      if (node.type === "Atrule" || node.type === "Rule") around.push(node);
    },
    leave(node: CssNode) {
      if (around.at(-1) === node) around.pop();
      if (node.type === "Declaration") property = "";
    },
  });
  return uses.filter(({ feature }) => !covered.has(feature));
}
