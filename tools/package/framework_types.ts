// The declarations that tell frameworks of <lighthouse-tunnel>. A framework's types are in a file of their own,
// since a project without it has none of its types.
import type { Described, ElementDescription } from "./manifest.ts";

const FOLDER = "components/dist";

/** The framework's types, by its name. `$TAG` stands for the element's. */
const FRAMEWORKS = {
  // https://react.dev/reference/react-dom/components#custom-html-elements
  react: `import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { LighthouseTunnelAttributes, LighthouseTunnelHandlers } from "./attributes.js";
import type { LighthouseTunnel } from "./element.js";

export * from "./element.js";

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "$TAG":
        & DetailedHTMLProps<HTMLAttributes<LighthouseTunnel>, LighthouseTunnel>
        & LighthouseTunnelAttributes
        & LighthouseTunnelHandlers;
    }
  }
}
`,
  // https://svelte.dev/docs/svelte/typescript#Enhancing-built-in-DOM-types
  svelte: `import type { HTMLAttributes } from "svelte/elements";
import type { LighthouseTunnelAttributes, LighthouseTunnelHandlers } from "./attributes.js";
import type { LighthouseTunnel } from "./element.js";

export * from "./element.js";

declare module "svelte/elements" {
  interface SvelteHTMLElements {
    "$TAG":
      & HTMLAttributes<LighthouseTunnel>
      & LighthouseTunnelAttributes
      & LighthouseTunnelHandlers;
  }
}
`,
  // https://vuejs.org/guide/extras/web-components#web-components-and-typescript
  vue: `import type { HTMLAttributes, PublicProps } from "vue";
import type { LighthouseTunnelAttributes, LighthouseTunnelEvents } from "./attributes.js";
import type { LighthouseTunnel } from "./element.js";

export * from "./element.js";

type Camel<name extends string> = name extends \`\${infer head}-\${infer tail}\`
  ? \`\${head}\${Capitalize<Camel<tail>>}\`
  : name;

declare module "vue" {
  interface GlobalComponents {
    "$TAG": new () => LighthouseTunnel & {
      $props:
        & HTMLAttributes
        & PublicProps
        & { [name in keyof LighthouseTunnelAttributes as Camel<name>]: LighthouseTunnelAttributes[name] };
      $emit: <name extends keyof LighthouseTunnelEvents>(
        name: name,
        event: LighthouseTunnelEvents[name],
      ) => void;
    };
  }
}
`,
};

/** All files: path and text. */
export function frameworkTypes(element: ElementDescription): [path: string, text: string][] {
  const frameworks = Object.entries(FRAMEWORKS).map(([name, text]): [string, string] => {
    return [`${FOLDER}/${name}.d.ts`, text.replaceAll("$TAG", element.tagName)];
  });
  return [
    [`${FOLDER}/define.d.ts`, 'export * from "./element.js";\n'],
    [`${FOLDER}/attributes.d.ts`, attributes(element)],
    ...frameworks,
  ];
}

/** The element's attributes and events, with what each is for. */
function attributes({ attributes, events }: ElementDescription): string {
  const classes = [...new Set(events.map(({ type }) => type!.text))].join(", ");
  const member = (each: Described, name: string, type: string) =>
    `  /** ${each.description!.replaceAll("\n", " ")} */\n  ${name}: ${type};\n`;
  const list = (entries: Described[], format: (each: Described) => [name: string, type: string]) =>
    entries.map((each) => member(each, ...format(each))).join("");
  // A framework sets the property, which need not be a string; a server writes the attribute, which is one.
  const typeOf = ({ name, fieldName }: Described): [string, string] => [
    `"${name}"?`,
    `LighthouseTunnel["${fieldName}"] | string | undefined`,
  ];
  return `import type { LighthouseTunnel, ${classes} } from "./element.js";

/** The element's attributes, as HTML and JSX name them. */
export interface LighthouseTunnelAttributes {
${list(attributes, typeOf)}}

/** The element's events. */
export interface LighthouseTunnelEvents {
${list(events, ({ name, type }) => [name, type!.text])}}

/** The properties by which JSX and Svelte listen to the events. */
export type LighthouseTunnelHandlers = {
  [name in keyof LighthouseTunnelEvents as \`on\${name}\`]?:
    | ((event: LighthouseTunnelEvents[name]) => void)
    | null
    | undefined;
};
`;
}
