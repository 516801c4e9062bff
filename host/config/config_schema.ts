// The settings file's contents: the checks of its values, and its JSON Schema for editors.
import type { Node } from "jsonc-parser";
import { type Setting, SETTINGS, type SettingsTable } from "./settings.ts";

/** How values of one kind are checked. */
interface Check {
  /** The expected value, in words. */
  expected: string;
  schema: object;
  /** @returns The part of the value that is wrong. */
  wrongIn(node: Node): Node | undefined;
}

const TEXT: Check = {
  expected: "a text",
  schema: { type: "string" },
  wrongIn: (node) => node.type === "string" ? undefined : node,
};

const LIST: Check = {
  expected: "a list of texts",
  schema: { type: "array", items: { type: "string" } },
  wrongIn: (node) =>
    node.type === "array" ? node.children?.find(({ type }) => type !== "string") : node,
};

const PORT: Check = {
  expected: "a port, 0 to 65535",
  schema: { type: ["integer", "string"], minimum: 0, maximum: 65535, pattern: "^\\d{1,5}$" },
  wrongIn: (node) => node.type === "string" || Number.isInteger(node.value) ? undefined : node,
};

const ADDRESS: Check = {
  expected: "a text or a port",
  schema: { type: ["string", "integer"], minimum: 1, maximum: 65535 },
  wrongIn: PORT.wrongIn,
};

const AMOUNT: Check = {
  expected: "a number",
  schema: { type: ["number", "string"], minimum: 0 },
  wrongIn: (node) => node.type === "string" || node.type === "number" ? undefined : node,
};

const SERVERS: Check = {
  expected: "a list of servers, or the path of a file with it",
  schema: {
    anyOf: [{ type: "string" }, {
      type: "array",
      maxItems: 8,
      items: {
        type: "object",
        properties: {
          urls: { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] },
          username: { type: "string" },
          credential: { type: "string" },
          secret: { type: "string" },
          cloudflare: { type: "string" },
          token: { type: "string" },
        },
        additionalProperties: false,
      },
    }],
  },
  wrongIn(node) {
    if (node.type === "string") return undefined;
    return node.type === "array" ? node.children?.find(({ type }) => type !== "object") : node;
  },
};

/** The check for a setting's kind. */
export function checkOf({ kind }: Pick<Setting, "kind">): Check {
  switch (kind) {
    case "text":
      return TEXT;
    case "address":
      return ADDRESS;
    case "list":
      return LIST;
    case "port":
      return PORT;
    case "amount":
      return AMOUNT;
    case "servers":
      return SERVERS;
    default:
      return {
        expected: kind.map((word) => `"${word}"`).join(" or "),
        schema: { enum: kind },
        wrongIn: (node) => kind.includes(node.value) ? undefined : node,
      };
  }
}

/** The JSON Schema of the settings file: https://json-schema.org/draft/2020-12 */
export function formatConfigSchema(table: SettingsTable = SETTINGS): string {
  const properties = Object.entries(table).map(([name, setting]) => {
    const { summary, default: text, otherwise = text } = setting;
    const description = `${summary}${otherwise?.length ? ` (default: ${otherwise})` : ""}`;
    return [name, { description, ...checkOf(setting).schema }];
  });
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Settings of lighthouse-host",
    type: "object",
    properties: { $schema: { type: "string" }, ...Object.fromEntries(properties) },
    additionalProperties: false,
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
