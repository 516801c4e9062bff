import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Relative, so that the page works in any folder, as on GitHub Pages.
export default defineConfig({ base: "./", plugins: [react()] });
