import { expect, it } from "vitest";
import { linkify } from "./linkify";

const links = (text: string) => linkify(text).flatMap((piece) => (piece.href === null ? [] : [piece.href]));

it.each([
  ["see https://example.com/a?b=c.", ["https://example.com/a?b=c"]],
  ["(http://example.com/x)", ["http://example.com/x"]],
  [
    "https://en.wikipedia.org/wiki/Log_(disambiguation)",
    ["https://en.wikipedia.org/wiki/Log_(disambiguation)"],
  ],
  ["two http://a.test http://b.test", ["http://a.test/", "http://b.test/"]],
  ["javascript:alert(1)", []],
  ["data:text/html,<script>alert(1)</script>", []],
  ["ftp://example.com", []],
  ["https://", []],
  ["<img src=x onerror=alert(1)>", []],
])("finds the links of %j", (text, expected) => {
  expect(links(text)).toEqual(expected);
});

it("ends a link at a character that would turn its reading direction", () => {
  expect(links("https://example.com/\u202Egpj.exe")).toEqual(["https://example.com/"]);
});

it.each(["plain", "a https://a.test b", "https://a.test", "", "<b>&amp;</b> http://x.test!"])(
  "keeps every character of %j",
  (text) => {
    expect(
      linkify(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
  },
);
