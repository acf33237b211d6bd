import { Parser } from "@asyncapi/parser";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const WARNING = 1;

it("is an AsyncAPI document without errors and warnings", async () => {
  const text = readFileSync(new URL("../../../docs/asyncapi.yaml", import.meta.url), "utf8");
  const { document, diagnostics } = await new Parser().parse(text);
  const problems = diagnostics.filter((found) => (found.severity as number) <= WARNING);
  expect(problems.map((found) => `${found.path.join(".")}: ${found.message}`)).toEqual([]);
  expect(document?.version()).toBe("3.0.0");
}, 30_000);
