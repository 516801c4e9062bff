// Generates docs/reference/element.md from custom-elements.json, which describes the element to editors
// (https://github.com/webcomponents/custom-elements-manifest, version 2).

/** What this file reads of a manifest. */
export interface Manifest {
  modules: { declarations?: Declaration[] }[];
}

interface Declaration {
  name: string;
  tagName?: string;
  description?: string;
  attributes?: Item[];
  members?: Member[];
  events?: Item[];
  slots?: Item[];
  cssParts?: Item[];
  cssProperties?: Item[];
  cssStates?: Item[];
}

interface Item {
  name: string;
  description?: string;
  default?: string;
  fieldName?: string;
  type?: { text: string };
}

interface Member extends Item {
  kind: "field" | "method";
  privacy?: string;
  static?: boolean;
  readonly?: boolean;
  attribute?: string;
  parameters?: (Item & { optional?: boolean })[];
  return?: { type?: { text: string }; description?: string };
}

/** Types with a section in docs/reference/types.md. */
const OWN_TYPE = /^(?:Tunnel|Lighthouse|DeviceName|StateChange|DeviceChange)/;

/** Returns docs/reference/element.md. @throws {Error} If the manifest has no such element. */
export function formatElement(manifest: Manifest, tag: string): string {
  const element = manifest.modules.flatMap(({ declarations = [] }) => declarations)
    .find(({ tagName }) => tagName === tag);
  if (!element) throw new Error(`Cannot find <${tag}> in the manifest`);
  const members = (element.members ?? []).filter((member) =>
    !member.static && ![`private`, `protected`].includes(member.privacy ?? "") &&
    !member.name.startsWith("#") && member.description
  );
  const fields = members.filter(({ kind, attribute }) => kind === "field" && !attribute);
  return [
    `# \`<${tag}>\``,
    "<!-- npm run build writes this page from custom-elements.json. -->",
    "[The element](../element.md) explains how a page uses it.",
    element.description,
    section("Attributes", table(element.attributes, attributeCells, "Attribute", "Property")),
    section("Properties", table(fields, propertyCells, "Property", "Type")),
    section("Methods", members.filter(({ kind }) => kind === "method").map(formatMethod)),
    section(
      "Events",
      table(
        element.events,
        ({ name, type }) => [code(name), typeCode(type?.text)],
        "Event",
        "Type",
      ),
    ),
    section("Slots", table(element.slots, ({ name }) => [name ? code(name) : "(default)"], "Slot")),
    section("CSS parts", table(element.cssParts, nameCell, "Part")),
    section("CSS custom properties", table(element.cssProperties, nameCell, "Property")),
    section("CSS states", table(element.cssStates, nameCell, "State")),
  ].filter(Boolean).join("\n\n") + "\n";
}

function section(title: string, parts: string[]): string {
  return parts.length > 0 ? [`## ${title}`, ...parts].join("\n\n") : "";
}

/** Returns a Markdown table, or nothing without items. Its last column is the description. */
function table<T extends Item>(items: T[] = [], cells: (item: T) => string[], ...head: string[]) {
  if (items.length === 0) return [];
  const rows = [[...head, "Meaning"], [...head, ""].map(() => "---")];
  for (const item of items) rows.push([...cells(item), oneLine(item)]);
  return [rows.map((row) => `| ${row.join(" | ")} |`).join("\n")];
}

function nameCell({ name }: Item): string[] {
  return [code(name)];
}

function attributeCells({ name, fieldName }: Item): string[] {
  return [code(name), code(fieldName)];
}

function propertyCells({ name, type }: Item): string[] {
  return [code(name), typeCode(type?.text)];
}

function formatMethod({ name, parameters = [], return: returns, description }: Member): string {
  const list = parameters.map(({ name, optional, default: value, type }) =>
    `${name}${optional || value ? "?" : ""}: ${type?.text ?? "unknown"}`
  );
  const items = parameters.filter((parameter) => parameter.description)
    .map((parameter) => `- \`${parameter.name}\`: ${parameter.description}`);
  return [
    `### ${name}()`,
    "```ts\n" + `${name}(${list.join(", ")}): ${returns?.type?.text ?? "void"}` + "\n```",
    description,
    items.join("\n"),
    returns?.description && `Returns: ${returns.description}`,
  ].filter(Boolean).join("\n\n");
}

function oneLine({ description = "", default: value }: Item): string {
  const text = description.replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
  return value === undefined || value === "null" ? text : `${text} Default: ${value}.`;
}

function code(text = ""): string {
  return text && `\`${text.replaceAll("|", "\\|")}\``;
}

/** Returns a type, linked to its declaration if the package exports it. */
function typeCode(text = ""): string {
  const name = /^[A-Z]\w+/.exec(text)?.[0];
  return name && OWN_TYPE.test(name)
    ? `[${code(text)}](types.md#${name.toLowerCase()})`
    : code(text);
}
