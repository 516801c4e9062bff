// The theme: VitePress's own with the fonts of the system, and with live examples of the element.
import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme-without-fonts";
import { h } from "vue";
import HomePage from "./home_page.ts";
import { notFound } from "./not_found.ts";
import TunnelExample from "./tunnel_example.ts";
import "./theme.css";

export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { "not-found": notFound }),
  enhanceApp({ app }) {
    app.component("HomePage", HomePage);
    app.component("TunnelExample", TunnelExample);
  },
} satisfies Theme;
