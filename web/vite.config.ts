import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// `npm run dev` serves the page and passes REST on to a running API; the nodes' addresses come from that API.
const api = process.env.ROOMLOG_API ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: { "@roomlog/client": fileURLToPath(new URL("./client/src/index.ts", import.meta.url)) },
  },
  server: { proxy: { "/api": { target: api, changeOrigin: true } } },
  build: { target: "es2022", chunkSizeWarningLimit: 700 },
  test: { include: ["{src,client}/**/*.test.ts"], environment: "node" },
});
