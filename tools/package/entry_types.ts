// The declarations of the package's first entry: what the element exports, and what tells frameworks of its tag.
import type { Described, ElementDescription } from "./manifest.ts";

/**
 * Extends the frameworks' interfaces by the tag. A project has one framework or none, so each line that names one
 * is ignored where that is missing. Within a framework's module, its own names come before those of this file:
 * hence the long ones.
 *
 * - https://react.dev/reference/react-dom/components#custom-html-elements
 * - https://svelte.dev/docs/svelte/typescript#Enhancing-built-in-DOM-types
 * - https://vuejs.org/guide/extras/web-components#web-components-and-typescript
 */
const FRAMEWORKS = `// @ts-ignore: there may be no React.
type LighthouseInReact = import("react").DetailedHTMLProps<import("react").HTMLAttributes<LighthouseTunnel>, LighthouseTunnel>;
// @ts-ignore: there may be no Svelte.
type LighthouseInSvelte = import("svelte/elements").HTMLAttributes<LighthouseTunnel>;
// @ts-ignore: there may be no Vue.
type LighthouseInVue = import("vue").HTMLAttributes & import("vue").PublicProps;

// @ts-ignore: there may be no React.
declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "$TAG": LighthouseInReact & LighthouseTunnelAttributes & LighthouseTunnelHandlers;
    }
  }
}

// @ts-ignore: there may be no Svelte.
declare module "svelte/elements" {
  interface SvelteHTMLElements {
    "$TAG": LighthouseInSvelte & LighthouseTunnelAttributes & LighthouseTunnelHandlers;
  }
}

type LighthouseCamel<name extends string> = name extends \`\${infer head}-\${infer tail}\`
  ? \`\${head}\${Capitalize<LighthouseCamel<tail>>}\`
  : name;

// @ts-ignore: there may be no Vue.
declare module "vue" {
  interface GlobalComponents {
    "$TAG": new () => LighthouseTunnel & {
      $props: LighthouseInVue & {
        [name in keyof LighthouseTunnelAttributes as LighthouseCamel<name>]: LighthouseTunnelAttributes[name];
      } & {
        [name in keyof LighthouseTunnelEvents as \`on\${Capitalize<name>}\`]?: (
          event: LighthouseTunnelEvents[name],
        ) => void;
      };
    };
  }
}
`;

/** The declarations of `components/dist/define.js`. */
export function entryTypes({ tagName, attributes, events }: ElementDescription): string {
  const own = events.map(({ type }) => type!.text).filter((text) => text !== "Event");
  const classes = [...new Set(own)].join(", ");
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

export * from "./element.js";

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

${FRAMEWORKS.replaceAll("$TAG", tagName)}`;
}
