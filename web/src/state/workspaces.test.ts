import { expect, it } from "vitest";
import type { ChatEvent } from "@roomlog/client";
import { applyToWorkspaces, invitableRoles, slugOf, standsAbove } from "./workspaces";

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

function event(type: string, d: Record<string, unknown>, sender = "ada", room = "acme"): ChatEvent {
  return { op: "event", room, cursor: "1:9", type, id: "e", sender, ts: "2026-01-02T03:04:05.678Z", d };
}

it("follows what happens in a workspace", () => {
  const acme = {
    id: "acme",
    name: "Acme",
    slug: "acme",
    members: 2,
    role: "member" as const,
    last_cursor: "1:8",
  };
  const rival = { ...acme, id: "rival" };
  const after = (...events: ChatEvent[]) =>
    events.reduce(
      (all: readonly (typeof acme)[], each) => applyToWorkspaces(all, each, "me") as never,
      [acme, rival],
    );
  expect(after(event("RoomRenamed", { name: "Acme 2" }))[0]).toEqual({
    ...acme,
    name: "Acme 2",
    last_cursor: "1:9",
  });
  expect(after(event("MemberJoined", { user: "bob" }, "bob"))[0]?.members).toBe(3);
  expect(after(event("MemberRemoved", { user: "bob" }))[0]?.members).toBe(1);
  expect(after(event("MemberRoleChanged", { user: "me", role: "admin" }))[0]?.role).toBe("admin");
  expect(after(event("MemberRoleChanged", { user: "bob", role: "admin" }))[0]?.role).toBe("member");
  expect(after(event("MemberRemoved", { user: "me" }))).toEqual([rival]);
  expect(after(event("MemberLeft", { user: "me" }, "me", "rival"))).toEqual([acme]);
});
