import { describe, expect, it } from "vitest";
import { splitMentions } from "../../shared/mentions";
import { candidates, complete, mentionsIn, searchAt } from "./mentioning";

const ANN = { id: "a", name: "Ann" };
const ANNA = { id: "b", name: "Anna Lee" };
const OTHER_ANN = { id: "c", name: "Ann" };
const PEOPLE = [ANN, ANNA];

describe("looking for a person", () => {
  it.each([
    ["@", { at: 0, query: "" }],
    ["hi @an", { at: 3, query: "an" }],
    ["hi @Anna Le", { at: 3, query: "Anna Le" }],
    ["(@b", { at: 1, query: "b" }],
    ["mail me: a@b", null],
    ["@an\nnext", null],
    ["nothing", null],
  ])("in %j finds %j", (text, expected) => {
    expect(searchAt(text, text.length)).toEqual(expected);
  });

  it("offers whole names first, then words of names, in any case", () => {
    expect(candidates("an", [ANNA, ANN]).map((each) => each.name)).toEqual(["Ann", "Anna Lee"]);
    expect(candidates("LEE", PEOPLE)).toEqual([ANNA]);
    expect(candidates("x", PEOPLE)).toEqual([]);
  });

  it("puts the name where it was looked for", () => {
    expect(complete("hi @an there", { at: 3, query: "an" }, "Ann")).toEqual({
      text: "hi @Ann there",
      caret: 8,
    });
  });
});

describe("who is meant", () => {
  it("is who is named, the longer name before the shorter", () => {
    expect(mentionsIn("@Anna Lee and @Ann!", PEOPLE, new Map())).toEqual(["b", "a"]);
  });

  it.each(["@Anne", "me@Ann", "Ann", "@"])("is nobody in %j", (text) => {
    expect(mentionsIn(text, PEOPLE, new Map())).toEqual([]);
  });

  it("is the one that was picked of two with one name, else both", () => {
    expect(mentionsIn("@Ann", [ANN, OTHER_ANN], new Map([["Ann", "c"]]))).toEqual(["c"]);
    expect(mentionsIn("@Ann", [ANN, OTHER_ANN], new Map())).toEqual(["a", "c"]);
  });

  it("keeps every character", () => {
    const text = "a @Ann, b@Ann @Anna Lee";
    expect(
      splitMentions(text, PEOPLE)
        .map((part) => part.text)
        .join(""),
    ).toBe(text);
  });
});
