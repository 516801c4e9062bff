import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// Vue must not take the element for a component of its own.
const isCustomElement = (tag: string) => tag === "lighthouse-tunnel";

// Relative, so that the page works in any folder, as on GitHub Pages.
export default defineConfig({
  base: "./",
  plugins: [vue({ template: { compilerOptions: { isCustomElement } } })],
});
