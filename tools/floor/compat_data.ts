// What browsers have, from MDN's browser-compat-data, as questions about names.
import bcd, {
  type CompatStatement,
  type Identifier,
  type SimpleSupportStatement,
} from "@mdn/browser-compat-data" with { type: "json" };
import { FLOOR } from "./floor.ts";

/** A feature that some browser of the floor lacks. */
export interface TooNew {
  /** Its path in the data: `api.URL.parse_static`. */
  feature: string;
  /** The browsers that lack it, with the version that has it: `chrome 126, safari 18`. */
  needs: string;
}

/** A feature's path, and what the data say about it. */
type Entry = [path: string, statement: CompatStatement];

const API = bcd.api as Identifier;
const BUILT_IN = bcd.javascript.builtins as Identifier;

/** Members of interfaces and built-in objects, by the member's name. */
const members = new Map<string, Entry[]>();
addMembers("api", API);
addMembers("webassembly.api", bcd.webassembly.api as Identifier);
addMembers("javascript.builtins", BUILT_IN);
addMembers("javascript.builtins.Intl", BUILT_IN.Intl!);
addMembers("javascript.builtins.Temporal", BUILT_IN.Temporal!);

/** Functions and units of CSS, by name. */
const types = new Map<string, Entry[]>();
addTypes("css.types", bcd.css.types as Identifier);

/** Looks at one feature. @param path Such as `css.properties.zoom`; one that the data lack is no problem. */
export function lookUp(path: string): TooNew | undefined {
  const statement = statementAt(path);
  return statement && judge([path, statement]);
}

/** Looks at a global: a built-in object, an interface, or a function. */
export function lookUpGlobal(name: string): TooNew | undefined {
  const path = [`javascript.builtins.${name}`, `api.${name}`, `api.Window.${name}`]
    .find((each) => statementAt(each));
  return path === undefined ? undefined : lookUp(path);
}

/**
 * Looks at a member of an interface.
 *
 * @param owner Undefined if nobody can tell. Then, and where the data have it at other interfaces only, it
 * is too new if it is so at each interface with that name.
 */
export function lookUpMember(owner: string | undefined, name: string): TooNew | undefined {
  const isHandler = name.startsWith("on") && !members.has(name);
  const entries = members.get(isHandler ? `${name.slice(2)}_event` : name) ?? [];
  const own = entries.filter(([path]) => path.split(".").at(-2) === owner);
  return judgeAll(own.length > 0 ? own : entries);
}

/** Looks at a function or a unit of CSS. */
export function lookUpType(name: string): TooNew | undefined {
  return judgeAll(types.get(name) ?? []);
}

function judgeAll(entries: Entry[]): TooNew | undefined {
  const judged = entries.map(judge);
  return judged.includes(undefined) ? undefined : judged[0];
}

function addMembers(root: string, tree: Identifier): void {
  for (const [owner, identifier] of Object.entries(tree)) {
    for (const [key, member] of Object.entries(identifier as Record<string, Identifier>)) {
      if (key !== "__compat") {
        add(members, key.replace(/_static$/, ""), `${root}.${owner}.${key}`, member);
      }
    }
  }
}

function addTypes(root: string, tree: Identifier): void {
  for (const [key, type] of Object.entries(tree)) {
    if (key === "__compat") continue;
    add(types, key, `${root}.${key}`, type as Identifier);
    addTypes(`${root}.${key}`, type as Identifier);
  }
}

function add(index: Map<string, Entry[]>, name: string, path: string, at: Identifier): void {
  if (at.__compat) index.set(name, [...index.get(name) ?? [], [path, at.__compat]]);
}

function statementAt(path: string): CompatStatement | undefined {
  let at: Identifier | undefined = bcd as unknown as Identifier;
  for (const key of path.split(".")) at = at && Object.hasOwn(at, key) ? at[key] : undefined;
  return at?.__compat;
}

function judge([feature, { support }]: Entry): TooNew | undefined {
  // Scripts may use the part of a feature that works. A style sheet cannot know.
  const isWhole = (each: SimpleSupportStatement) =>
    !feature.startsWith("css.") || !each.partial_implementation;
  const needs = Object.entries(FLOOR).flatMap(([browser, version]) => {
    const statements = [support[browser as keyof typeof FLOOR] ?? []].flat();
    const isUnknown = statements.every(({ version_added: added }) => added === null);
    if (isUnknown || statements.some((each) => has(each, version) && isWhole(each))) return [];
    return `${browser} ${statements.find(isPlain)?.version_added || "never"}`;
  });
  return needs.length > 0 ? { feature, needs: needs.join(", ") } : undefined;
}

/** Whether a version has the feature, with no switch, and by its own name. */
function has(statement: SimpleSupportStatement, version: string): boolean {
  const { version_added: added, version_removed: removed } = statement;
  if (!isPlain(statement) || !added || added === "preview") return false;
  return isAtMost(added, version) && !(removed && isAtMost(removed, version));
}

function isPlain({ flags, prefix, alternative_name: other }: SimpleSupportStatement): boolean {
  return !flags && !prefix && !other;
}

/** Compares versions such as `17.4` and `≤37`. */
function isAtMost(a: string, b: string): boolean {
  const [major, minor = 0] = a.replace("≤", "").split(".").map(Number);
  const [most, least = 0] = b.split(".").map(Number);
  return major === most ? minor <= least : major! < most!;
}
