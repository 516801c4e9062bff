// Makes links in the documents work on the site as they do on GitHub.
import { posix } from "node:path";
import type { MarkdownRenderer } from "vitepress";
import { REPOSITORY } from "./repository.ts";

/** The schema of the settings file, which the site has besides its pages. */
export const SCHEMA = "config.schema.json";

/** Returns GitHub's anchor of a heading, so that `#anchor` leads to the same place here. */
export function anchorOf(title: string): string {
  return title.trim().toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

/**
 * Leads links to files that the site does not have to the repository: sources, CONTRIBUTING.md.
 * VitePress checks the others.
 */
export function linksToRepository(md: MarkdownRenderer): void {
  md.core.ruler.push("links-to-repository", ({ tokens, env }) => {
    const folder = posix.dirname(`docs/${env.relativePath}`);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === "link_open" ? token.attrGet("href") : null;
      if (href && !/^(?:[a-z]+:|[#/])/.test(href)) token.attrSet("href", siteLink(href, folder));
    }
  });
}

/** @param folder The document's folder, from the root of the repository. */
function siteLink(href: string, folder: string): string {
  const [path, anchor] = href.split("#");
  const target = posix.join(folder, path!);
  const suffix = anchor ? `#${anchor}` : "";
  const inDocs = target.startsWith("docs/") ? target.slice("docs/".length) : undefined;
  if (inDocs === undefined || !inDocs.endsWith(".md") && inDocs !== SCHEMA) {
    return `${REPOSITORY}/blob/main/${target}${suffix}`;
  }
  return `/${inDocs.replace(/README\.md$/, "index.md")}${suffix}`;
}
