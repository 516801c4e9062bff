// What the site shows where it has no page. The theme's own has no main landmark.
import { withBase } from "vitepress";
import { h, type VNode } from "vue";

/** Renders the page. */
export function notFound(): VNode {
  return h("main", { class: "not-found" }, [
    h("h1", "Page not found"),
    h("p", "The address may be old or mistyped. The search at the top finds every page."),
    h("p", h("a", { href: withBase("/") }, "To the first page")),
  ]);
}
