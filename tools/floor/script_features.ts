// Features of the platform and of JavaScript's built-in objects, in scripts, that are newer than the floor.
import ts from "typescript";
import { lookUp, lookUpGlobal, lookUpMember, type TooNew } from "./compat_data.ts";

/** A place in a script that uses a feature. */
export interface Use extends TooNew {
  file: string;
  /** From 1. */
  line: number;
  /** The code around it. */
  code: string;
}

/** Names of the global object. */
const GLOBAL_OBJECTS = ["globalThis", "window", "self"];

/** Interfaces of TypeScript's that browsers have by another name. */
const NAMES: Record<string, string> = {
  IteratorObject: "Iterator",
  ReadonlyArray: "Array",
  ReadonlyMap: "Map",
  ReadonlySet: "Set",
};

/**
 * Looks through scripts: whole sources, whose types are known, or what was built from them. There the type
 * of most values is unknown, and only the name of a member tells whether it is new.
 *
 * @param files TypeScript or JavaScript, by path.
 */
export function newScriptFeatures(files: ReadonlyMap<string, string>): Use[] {
  const program = createProgram(files);
  const sources = [...files.keys()].map((file) => program.getSourceFile(file)!);
  const scan = new Scan(program, sources);
  return sources.flatMap((source) => scan.uses(source));
}

class Scan {
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;
  /** Members that the scripts themselves define. */
  readonly #own = new Set<string>();

  constructor(program: ts.Program, sources: ts.SourceFile[]) {
    this.#program = program;
    this.#checker = program.getTypeChecker();
    for (const source of sources) {
      visitAll(source, (node) => {
        const name = definedMember(node);
        if (name !== undefined) this.#own.add(name);
      });
    }
  }

  uses(source: ts.SourceFile): Use[] {
    const uses: Use[] = [];
    visitAll(source, (node) => {
      const found = this.#judge(node);
      if (!found) return;
      const at = node.getStart(source);
      const { line } = source.getLineAndCharacterOfPosition(at);
      const end = ts.isPropertyAccessExpression(node) ? node.end : at;
      const code = source.text.slice(Math.max(0, end - 40), end + 40).replaceAll(/\s+/g, " ");
      uses.push({ ...found, file: source.fileName, line: line + 1, code });
    });
    return uses;
  }

  #judge(node: ts.Node): TooNew | undefined {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.name)) {
      return this.#member(node.name.text, node.expression);
    }
    if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression)) {
      return this.#member(node.argumentExpression.text, node.expression);
    }
    if (
      ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent) && !node.dotDotDotToken
    ) {
      const name = node.propertyName ?? node.name;
      const { parent } = node.parent;
      const of = ts.isVariableDeclaration(parent) && parent.initializer || node.parent;
      return ts.isIdentifier(name) ? this.#member(name.text, of) : undefined;
    }
    if (ts.isForOfStatement(node) && node.awaitModifier) {
      const name = this.#checker.getTypeAtLocation(node.expression).symbol?.name;
      return name === "ReadableStream" ? lookUpMember(name, "@@asyncIterator") : undefined;
    }
    if (ts.isRegularExpressionLiteral(node) && /\(\?[ims]*-?[ims]+:/.test(node.text)) {
      return lookUp("javascript.regular_expressions.modifier");
    }
    if (ts.isIdentifier(node) && isRead(node) && this.#isGlobal(node)) {
      return lookUpGlobal(node.text);
    }
    return undefined;
  }

  /** @param of What has the member: an expression or a pattern. */
  #member(name: string, of: ts.Expression | ts.ObjectBindingPattern): TooNew | undefined {
    const type = this.#checker.getNonNullableType(this.#checker.getTypeAtLocation(of));
    const declarations = type.getProperty(name)?.declarations ?? [];
    if (declarations.length > 0) {
      const judged = declarations.map((each) => this.#declared(each, name));
      return judged.includes(undefined) ? undefined : judged[0];
    }
    if (ts.isIdentifier(of) && this.#isGlobal(of)) {
      const isGlobalObject = GLOBAL_OBJECTS.includes(of.text);
      return isGlobalObject ? lookUpGlobal(name) : lookUpMember(of.text, name);
    }
    if (isIterator(of)) return lookUpMember("Iterator", name);
    // Of what has no type, data have members by all kinds of names, so only calls and classes count.
    const isMeant = isCalled(of) || /^[A-Z]/.test(name);
    return this.#own.has(name) || !isMeant ? undefined : lookUpMember(undefined, name);
  }

  /** Looks at a member that is declared somewhere. */
  #declared(declaration: ts.Declaration, name: string): TooNew | undefined {
    if (!this.#program.isSourceFileDefaultLibrary(declaration.getSourceFile())) return undefined;
    let { parent }: ts.Node = declaration;
    // `declare var URL: { parse(…): … }`, `declare namespace CSS { function supports(…): … }`
    if (ts.isTypeLiteralNode(parent) || ts.isModuleBlock(parent)) parent = parent.parent;
    const owner = (parent as ts.NamedDeclaration).name?.getText().replace(/Constructor$/, "");
    return owner === undefined ? lookUpGlobal(name) : lookUpMember(NAMES[owner] ?? owner, name);
  }

  #isGlobal(node: ts.Identifier): boolean {
    const declarations = this.#checker.getSymbolAtLocation(node)?.declarations ?? [];
    return declarations.every((each) =>
      this.#program.isSourceFileDefaultLibrary(each.getSourceFile())
    );
  }
}

/** Whether an identifier is read as a variable, other than by `typeof`, which asks whether there is one. */
function isRead(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isTypeOfExpression(parent) || ts.isTypeNode(parent)) return false;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  const { name, propertyName } = parent as { name?: ts.Node; propertyName?: ts.Node };
  return name !== node && propertyName !== node;
}

/** Whether the member of an expression is called: `of.member(…)`. */
function isCalled({ parent }: ts.Node): boolean {
  return ts.isCallExpression(parent.parent) && parent.parent.expression === parent;
}

/** Whether an expression without a type looks like the call of a method that makes an iterator. */
function isIterator(node: ts.Node): boolean {
  return ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) &&
    ["entries", "keys", "matchAll", "values"].includes(node.expression.name.text);
}

/** The name of a member that a node defines, in a class, in an object, or by an assignment. */
function definedMember(node: ts.Node): string | undefined {
  if (ts.isClassElement(node) || ts.isObjectLiteralElement(node)) {
    const { name } = node;
    return name && (ts.isIdentifier(name) || ts.isStringLiteral(name)) ? name.text : undefined;
  }
  const isAssignment = ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
    ts.isPropertyAccessExpression(node.left);
  return isAssignment ? (node.left as ts.PropertyAccessExpression).name.text : undefined;
}

function visitAll(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => visitAll(child, visit));
}

function createProgram(files: ReadonlyMap<string, string>): ts.Program {
  const options: ts.CompilerOptions = {
    allowImportingTsExtensions: true,
    allowJs: true,
    lib: ["lib.esnext.d.ts", "lib.dom.d.ts", "lib.dom.asynciterable.d.ts"],
    module: ts.ModuleKind.NodeNext,
    // The variables of a script without imports are its own.
    moduleDetection: ts.ModuleDetectionKind.Force,
    noEmit: true,
    skipLibCheck: true,
    strict: true,
    target: ts.ScriptTarget.ESNext,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.getSourceFile = (file, language) => {
    const text = files.get(file);
    return text === undefined
      ? getSourceFile(file, language)
      : ts.createSourceFile(file, text, language, true);
  };
  return ts.createProgram([...files.keys()], options, host);
}
