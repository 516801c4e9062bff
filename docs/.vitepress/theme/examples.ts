// What the live example shows: attributes that lead to each state, and looks.
import entry from "../../public/registry/hosts/example.json" with { type: "json" };

/** The element as a page writes it. */
export interface Example {
  name: string;
  attributes?: Record<string, string>;
  css?: string;
  /** Inside of the element, as a page writes it. */
  content?: string;
}

/** No such name exists (RFC 6761), so nobody is asked. */
const NO_RELAY = "wss://lighthouse.invalid/prod";

/** Attributes, and the state that they lead to. */
export const STATES: readonly Example[] = [
  { name: "No relay", attributes: {} },
  { name: "Not paired", attributes: { relay: NO_RELAY } },
  {
    name: "Offline",
    // The registry is a folder of this site, with an entry of a host that has left.
    attributes: {
      relay: NO_RELAY,
      host: "example",
      "host-key": entry.hostKey,
      registry: "/registry",
    },
  },
  { name: "Wrong setting", attributes: { relay: "https://lighthouse.invalid/prod" } },
];

/** Ways to style the element. */
export const LOOKS: readonly Example[] = [
  { name: "As it comes" },
  { name: "In German", attributes: { lang: "de" } },
  {
    name: "Own colours",
    css: `lighthouse-tunnel {
  --lighthouse-surface: #10222f;
  --lighthouse-ink: #ffffff;
  --lighthouse-line: #ffc766;
  --lighthouse-idle: #ffc766;
  --lighthouse-bad: #ff9d8a;
  --lighthouse-font: 1rem/1.5 Georgia, serif;
}`,
  },
  {
    name: "Own shape",
    css: `lighthouse-tunnel::part(pill) {
  border-width: 0 0 0 4px;
  border-radius: 0;
}
lighthouse-tunnel::part(state) {
  text-transform: uppercase;
}`,
  },
  { name: "Own content", content: "My laptop" },
];

/** The element's markup. */
export function markupOf({ attributes = {}, content = "" }: Example): string {
  const lines = Object.entries(attributes).map(([name, value]) => `\n  ${name}="${value}"`);
  return `<lighthouse-tunnel${lines.join("")}>${content}</lighthouse-tunnel>`;
}
