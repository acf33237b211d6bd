import js from "@eslint/js";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist", "node_modules"] },
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: { "@typescript-eslint/consistent-type-imports": "error" },
  },
  { files: ["public/*.js"], languageOptions: { globals: { self: "readonly" } } },
  {
    files: ["src/**/*.{ts,tsx}"],
    extends: [hooks.configs.flat.recommended, a11y.flatConfigs.recommended],
  },
  {
    // The client speaks the protocol and nothing else: no page, no framework.
    files: ["client/**/*.ts"],
    rules: { "no-restricted-imports": ["error", { patterns: ["react*", "@mantine/*", "../../src/*"] }] },
  },
  {
    // Reducers know no time, no network and no framework; what they need is handed in.
    files: ["src/state/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: {
      "no-restricted-imports": ["error", { patterns: ["react*", "@mantine/*", "../api/*", "../session/*"] }],
      "no-restricted-globals": ["error", "fetch", "window", "document", "localStorage", "setTimeout"],
    },
  },
);
