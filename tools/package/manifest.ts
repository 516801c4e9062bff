// Writes what editors and generators read about <lighthouse-tunnel>: the custom elements manifest, and VS Code's
// custom data, which is made of it.
//
// - https://github.com/webcomponents/custom-elements-manifest
// - https://github.com/microsoft/vscode-custom-data
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";

const FOLDER = "components/dist";
const MANIFEST = `${FOLDER}/custom-elements.json`;
const VS_CODE = `${FOLDER}/vscode.html-custom-data.json`;

/** The published files, by the sources that they are built from. */
const PUBLISHED: Record<string, string> = { "components/define.ts": `${FOLDER}/define.js` };

/** A part of the element's description. */
export interface Described {
  name: string;
  description?: string;
  type?: { text: string };
  default?: string;
  /** Of an attribute: its property. */
  fieldName?: string;
}

/** A field or method of the element. */
export interface Member extends Described {
  kind: "field" | "method";
  static?: boolean;
  /** The attribute of a field, if it has one. */
  attribute?: string;
  parameters?: (Described & { optional?: boolean })[];
  return?: { type?: { text: string }; description?: string };
}

/** The element, as the manifest describes it: the parts that are used here. */
export interface ElementDescription extends Described {
  tagName: string;
  attributes: (Described & { fieldName?: string })[];
  members: Member[];
  events: Described[];
  slots: Described[];
  cssParts: Described[];
  cssProperties: Described[];
}

interface Module {
  path: string;
  declarations: (Described & { customElement?: boolean })[];
  exports: { declaration: { module?: string } }[];
}

/** Writes both files. */
export async function writeManifest(): Promise<void> {
  await promisify(execFile)("cem", ["analyze", "--config", "tools/package/manifest_config.mjs"]);
  const manifest = JSON.parse(await readFile(MANIFEST, "utf8")) as { modules: Module[] };
  manifest.modules = publishedModules(manifest.modules);
  await writeJson(MANIFEST, manifest);
  await writeJson(VS_CODE, customData(await readElement()));
}

/** Reads the element's description from the written manifest. */
export async function readElement(): Promise<ElementDescription> {
  const { modules } = JSON.parse(await readFile(MANIFEST, "utf8")) as { modules: Module[] };
  const found = modules.flatMap(({ declarations }) => declarations)
    .find(({ customElement }) => customElement);
  return found as unknown as ElementDescription;
}

/** Puts the declarations into the files that are published. */
function publishedModules(modules: Module[]): Module[] {
  const published = new Map<string, Module>();
  for (const module of modules) {
    const path = PUBLISHED[module.path] ?? `${FOLDER}/element.js`;
    const { declarations, exports } = published.get(path) ?? { declarations: [], exports: [] };
    for (const { declaration } of module.exports) {
      declaration.module = `${FOLDER}/element.js`;
    }
    published.set(path, {
      ...module,
      path,
      declarations: [...declarations, ...module.declarations],
      exports: [...exports, ...module.exports],
    });
  }
  return [...published.values()];
}

function customData(element: ElementDescription): unknown {
  const { tagName, description, attributes, events, slots, cssParts } = element;
  const list = (title: string, entries: Described[]) => {
    const lines = entries.map(({ name, description }) =>
      `- \`${name || "(default)"}\`: ${description}`
    );
    return [`**${title}**`, "", ...lines].join("\n");
  };
  const value = [
    description,
    list("Slots", slots),
    list("Events", events),
    list("Parts", cssParts),
  ].join("\n\n");
  return {
    version: 1.1,
    tags: [{
      name: tagName,
      description: { kind: "markdown", value },
      attributes: attributes.map(({ name, description, default: otherwise }) => ({
        name,
        description: {
          kind: "markdown",
          value: otherwise ? `${description}\n\nDefault: ${otherwise}` : description,
        },
      })),
    }],
  };
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`);
}
