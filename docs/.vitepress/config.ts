// The docs site. `npm run docs` serves it, `npm run docs -- build` writes it into docs/.vitepress/dist.
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { defineConfig } from "vitepress";
import { withPolicy } from "./content_policy.ts";
import { anchorOf, linksToRepository, SCHEMA } from "./links.ts";
import { SIDEBAR } from "./sidebar.ts";
import { REPOSITORY } from "./repository.ts";

/** The path of the site at its origin: GitHub Pages serves a project's site under the project's name. */
const BASE = process.env.DOCS_BASE ?? "/";

/** A branch of a repository. */
const BRANCH =
  '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" style="fill: none">' +
  '<circle cx="6" cy="5" r="2.5"/><circle cx="6" cy="19" r="2.5"/><circle cx="18" cy="8" r="2.5"/>' +
  '<path d="M6 7.5v9M18 10.5c0 4-5 3-10.5 6.5"/></svg>';

export default defineConfig({
  title: "Lighthouse",
  description: "A static web page reaches a program on your laptop, directly over WebRTC.",
  base: BASE,
  head: [["link", { rel: "icon", href: `${BASE}lighthouse.svg`, type: "image/svg+xml" }]],
  rewrites: { "bench/README.md": "bench/index.md" },
  cleanUrls: true,
  // Such as http://localhost:5173, the address of a page under development.
  ignoreDeadLinks: "localhostLinks",
  cacheDir: "../node_modules/.cache/vitepress",
  vite: {
    publicDir: "public",
    build: {
      // Vite warns of files over 500 KiB; the index of the search is one, and loads at the first search.
      chunkSizeWarningLimit: 2000,
    },
  },
  vue: {
    template: {
      compilerOptions: { isCustomElement: (tag) => tag === "lighthouse-tunnel" },
    },
  },
  markdown: {
    // With more contrast than the default themes: comments in code pass WCAG's AA, too.
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    anchor: { slugify: anchorOf },
    config: linksToRepository,
  },
  transformHtml: (html) => withPolicy(html),
  buildEnd: async ({ srcDir, outDir }) => {
    await copyFile(join(srcDir, SCHEMA), join(outDir, SCHEMA));
  },
  themeConfig: {
    logo: "/lighthouse.svg",
    search: { provider: "local" },
    nav: [
      { text: "Start", link: "/dev" },
      { text: "Reference", link: "/reference/element" },
      { text: "Security", link: "/security" },
    ],
    sidebar: SIDEBAR,
    outline: [2, 3],
    // A picture of our own: VitePress's server fetches its icons from a CDN.
    socialLinks: [{ icon: { svg: BRANCH }, link: REPOSITORY, ariaLabel: "Source code" }],
    editLink: { pattern: `${REPOSITORY}/edit/main/docs/:path`, text: "Improve this page" },
  },
});
