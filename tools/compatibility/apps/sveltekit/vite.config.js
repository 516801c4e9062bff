import adapter from "@sveltejs/adapter-node";
import { sveltekit } from "@sveltejs/kit/vite";
import { defineConfig } from "vite";

// Its check of forms takes its own origin for https otherwise. long_list.ts has the same port.
const paths = { origin: "http://127.0.0.1:39173" };

export default defineConfig({ plugins: [sveltekit({ adapter: adapter(), paths })] });
