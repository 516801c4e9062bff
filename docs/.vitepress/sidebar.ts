// The pages in the order in which a reader needs them. tools/docs_test.ts compares them with the files.
import type { DefaultTheme } from "vitepress";
import { REPOSITORY } from "./repository.ts";

/** The groups of the navigation. */
export const SIDEBAR: DefaultTheme.SidebarItem[] = [
  {
    text: "Start",
    items: [
      { text: "Try it on your machine", link: "/dev" },
      { text: "Install", link: "/install" },
      { text: "The element", link: "/element" },
      { text: "Pair a browser", link: "/pairing" },
      { text: "Run the host", link: "/host" },
      { text: "Deploy the AWS side", link: "/deploy" },
      { text: "Questions", link: "/faq" },
    ],
  },
  {
    text: "Guides",
    items: [
      { text: "Recipes for libraries", link: "/recipes" },
      { text: "Show an app as it is", link: "/site" },
      { text: "Deploy from GitHub", link: "/github" },
      { text: "Recipes for apps", link: "/apps" },
      { text: "Backends and folders", link: "/backends" },
      { text: "TURN servers", link: "/turn" },
      { text: "Networks", link: "/networks" },
      { text: "Plain URLs", link: "/service-worker" },
      { text: "The system service", link: "/service" },
      { text: "Frameworks and servers", link: "/compatibility" },
      { text: "Examples", link: `${REPOSITORY}/tree/main/examples` },
    ],
  },
  {
    text: "Reference",
    items: [
      { text: "Element", link: "/reference/element" },
      { text: "Exported types", link: "/reference/types" },
      { text: "Command line", link: "/command-line" },
      { text: "Errors", link: "/errors" },
      { text: "Browsers", link: "/browsers" },
      { text: "AWS resources and cost", link: "/aws" },
      { text: "Registries", link: "/registries" },
      { text: "Deploy by hand", link: "/deploy-by-hand" },
    ],
  },
  {
    text: "How it works",
    items: [
      { text: "Architecture", link: "/architecture" },
      { text: "Security", link: "/security" },
      { text: "How a page connects", link: "/connecting" },
      { text: "Wire protocol", link: "/wire" },
      { text: "Speed", link: "/bench/" },
      { text: "Speed over distance", link: "/bench/paths" },
    ],
  },
  {
    text: "Project",
    items: [
      { text: "Decisions", link: "/decisions" },
      { text: "Changes", link: `${REPOSITORY}/blob/main/CHANGELOG.md` },
      { text: "Contributing", link: `${REPOSITORY}/blob/main/CONTRIBUTING.md` },
      { text: "Report a vulnerability", link: `${REPOSITORY}/blob/main/SECURITY.md` },
    ],
  },
];
