// What may be in the settings file: what it is checked by, and its JSON Schema, for editors.
import type { Node } from "jsonc-parser";
import { LEVELS } from "../platform/log.ts";
import { type Flag, FLAGS } from "./settings.ts";

/** What a setting's value is. */
interface Kind {
  /** In words. */
  expected: string;
  schema: object;
  /** @returns the part of the value that is wrong. */
  check(node: Node): Node | undefined;
}

const TEXT: Kind = {
  expected: "a text",
  schema: { type: "string" },
  check: (node) => node.type === "string" ? undefined : node,
};

const LIST: Kind = {
  expected: "a list of texts",
  schema: { type: "array", items: { type: "string" } },
  check: (node) =>
    node.type === "array" ? node.children?.find(({ type }) => type !== "string") : node,
};

const PORT: Kind = {
  expected: "a port, 0 to 65535",
  schema: { type: ["integer", "string"], minimum: 0, maximum: 65535, pattern: "^\\d{1,5}$" },
  check: (node) => node.type === "string" || Number.isInteger(node.value) ? undefined : node,
};

const oneOf = (...values: string[]): Kind => ({
  expected: values.map((value) => `"${value}"`).join(" or "),
  schema: { enum: values },
  check: (node) => values.includes(node.value) ? undefined : node,
});

/** Each setting, under the name of its flag. */
export const SETTINGS = {
  ...{ relay: TEXT, function: TEXT, region: TEXT, registry: oneOf("lambda-env", "s3") },
  ...{ bucket: TEXT, host: TEXT, backend: TEXT, service: LIST, public: LIST },
  ...{ stun: TEXT, page: TEXT, inspect: PORT, metrics: PORT, "log-level": oneOf(...LEVELS) },
  state: TEXT,
};

/** The JSON Schema of the settings file: https://json-schema.org/draft/2020-12 */
export function formatConfigSchema(): string {
  const properties = Object.entries(SETTINGS).map(([name, { schema }]) => {
    const { summary, otherwise }: Flag = FLAGS[name as keyof typeof SETTINGS];
    const description = `${summary}${otherwise ? ` (without: ${otherwise})` : ""}`;
    return [name, { description, ...schema }];
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
