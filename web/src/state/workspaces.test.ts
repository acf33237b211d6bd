import { expect, it } from "vitest";
import { invitableRoles, slugOf, standsAbove } from "./workspaces";

it.each([
  ["Acme", "acme"],
  ["Über & Söhne GmbH", "u-ber-so-hne-gmbh"],
  ["  --x--  ", "x"],
  ["日本", ""],
  ["a".repeat(39) + " b", "a".repeat(39)],
])("makes of %s the slug %s", (name, slug) => {
  expect(slugOf(name)).toBe(slug);
});

it("lets people invite below themselves", () => {
  expect(invitableRoles("owner")).toEqual(["admin", "moderator", "member", "guest"]);
  expect(invitableRoles("admin")).toEqual(["moderator", "member", "guest"]);
  expect(invitableRoles("moderator")).toEqual(["member", "guest"]);
  expect(invitableRoles("member")).toEqual([]);
  expect(standsAbove("owner", "owner")).toBe(true);
  expect(standsAbove("admin", "admin")).toBe(false);
});
