import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Answers with the length of what comes. */
const upload = {
  name: "upload",
  configureServer(server) {
    server.middlewares.use("/upload", async (request, response) => {
      let bytes = 0;
      for await (const chunk of request) bytes += chunk.length;
      response.end(JSON.stringify({ bytes }));
    });
  },
};

export default defineConfig({ plugins: [react(), upload] });
