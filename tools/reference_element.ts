// Generates docs/reference/element.md from the custom elements manifest.
import { ENGLISH } from "../components/texts/english.ts";
import { NETWORK_TEXTS } from "../components/texts/network_texts.ts";
import type { Described, ElementDescription, Member } from "./package/manifest.ts";

/** Types with a section in docs/reference/types.md. */
const OWN_TYPE = /^(?:Tunnel|Lighthouse|DeviceName|StateChange|DeviceChange)/;

const TEXTS = Object.entries({ ...ENGLISH, ...NETWORK_TEXTS.en }).map(([name, description]) => ({
  name,
  description,
}));

/** Returns docs/reference/element.md. */
export function formatElement(element: ElementDescription): string {
  const members = element.members.filter((member) => !member.static && member.description);
  const fields = members.filter((member) => !isFunction(member) && !member.attribute);
  return [
    `# \`<${element.tagName}>\``,
    "<!-- npm run build writes this page from custom-elements.json. -->",
    "[The element](../element.md) explains how a page uses it.",
    element.description,
    section("Attributes", table(element.attributes, attributeCells, "Attribute", "Property")),
    section("Properties", table(fields, propertyCells, "Property", "Type")),
    section("Methods", members.filter(isFunction).map(formatMethod)),
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
    section("Texts", [
      "What the pill says, by the names for `texts` and for slots. Text between backticks is shown as " +
      "code. Names in braces stand for what differs.",
      ...table(TEXTS, nameCell, "Name"),
    ]),
  ].filter(Boolean).join("\n\n") + "\n";
}

function section(title: string, parts: string[]): string {
  return parts.length > 0 ? [`## ${title}`, ...parts].join("\n\n") : "";
}

/** Returns a Markdown table, or nothing without items. Its last column is the description. */
function table<T extends Described>(
  items: T[] = [],
  cells: (item: T) => string[],
  ...head: string[]
) {
  if (items.length === 0) return [];
  const rows = [[...head, "Meaning"], [...head, ""].map(() => "---")];
  for (const item of items) rows.push([...cells(item), oneLine(item)]);
  return [rows.map((row) => `| ${row.join(" | ")} |`).join("\n")];
}

function nameCell({ name }: Described): string[] {
  return [code(name)];
}

function attributeCells({ name, fieldName }: ElementDescription["attributes"][number]): string[] {
  return [code(name), code(fieldName)];
}

function propertyCells({ name, type }: Described): string[] {
  return [code(name), typeCode(type?.text)];
}

/** Whether it is called: a method, or a field that holds a function. */
function isFunction({ kind, type }: Member): boolean {
  return kind === "method" || type === undefined || /^typeof |Constructor$|=>/.test(type.text);
}

function formatMethod(member: Member): string {
  const { name, parameters = [], return: returns, description } = member;
  const items = parameters.filter((parameter) => parameter.description)
    .map((parameter) => `- \`${parameter.name}\`: ${parameter.description}`);
  return [
    `### ${name}`,
    "```ts\n" + signatureOf(member) + "\n```",
    description,
    items.join("\n"),
    returns?.description && `Returns: ${returns.description}`,
  ].filter(Boolean).join("\n\n");
}

function signatureOf({ kind, name, type, parameters = [], return: returns }: Member): string {
  if (kind === "field") return type ? `${name}: ${type.text}` : name;
  const list = parameters.map(({ name, optional, default: value, type }) =>
    `${name}${optional || value ? "?" : ""}: ${type?.text ?? "unknown"}`
  );
  return `${name}(${list.join(", ")}): ${returns?.type?.text ?? "void"}`;
}

function oneLine({ description = "", default: value }: Described): string {
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
