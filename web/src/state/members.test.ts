import { describe, expect, it } from "vitest";
import type { ChatEvent } from "@roomlog/client";
import { applyToMembers, mayChangeRole, mayInvite, mayRemove, moderates } from "./members";
import type { Members } from "./members";

const PUBLIC = { kind: "public", role: "member", is_member: true } as const;
const PRIVATE = { ...PUBLIC, kind: "private" } as const;
const DIRECT = { ...PUBLIC, kind: "direct", role: "owner" } as const;

function event(type: string, d: Record<string, unknown>): ChatEvent {
  const ts = "2026-01-02T03:04:05Z";
  return { op: "event", room: "room", cursor: "1:1", type, id: "e1", sender: "alice", ts, d };
}

it("follows who comes, goes, and gets another role", () => {
  const before: Members = { alice: "owner", bob: "member" };
  const after = applyToMembers(before, [
    event("MemberInvited", { user: "carol" }),
    event("MemberRoleChanged", { user: "carol", role: "moderator" }),
    event("MemberRemoved", { user: "bob" }),
    event("MemberRoleChanged", { user: "bob", role: "owner" }),
    event("MemberJoined", { user: "alice" }),
  ]);
  expect(after).toEqual({ alice: "owner", carol: "moderator" });
});

it("has the bots of hooks among them while these last", () => {
  const made = event("HookCreated", { hook_id: "bot", name: "CI" });
  const members = applyToMembers({ alice: "owner" }, [made, made]);
  expect(members).toEqual({ alice: "owner", bot: "bot" });
  expect(applyToMembers(members, [event("HookRevoked", { hook_id: "bot" })])).toEqual({ alice: "owner" });
});

describe("who may do what", () => {
  it("any member invites into a public room, owners and moderators into a private one", () => {
    expect(mayInvite(PUBLIC)).toBe(true);
    expect(mayInvite({ ...PUBLIC, is_member: false, role: null })).toBe(false);
    expect(mayInvite(PRIVATE)).toBe(false);
    expect(mayInvite({ ...PRIVATE, role: "moderator" })).toBe(true);
    expect(mayInvite(DIRECT)).toBe(false);
  });

  it("moderators remove members, and only owners remove owners", () => {
    expect(mayRemove(PUBLIC, "member")).toBe(false);
    expect(mayRemove({ ...PUBLIC, role: "moderator" }, "moderator")).toBe(true);
    expect(mayRemove({ ...PUBLIC, role: "moderator" }, "owner")).toBe(false);
    expect(mayRemove({ ...PUBLIC, role: "owner" }, "owner")).toBe(true);
    expect(mayRemove(DIRECT, "member")).toBe(false);
  });

  it("owners give roles, but the last owner stays one", () => {
    const owner = { ...PRIVATE, role: "owner" } as const;
    expect(mayChangeRole(owner, { a: "owner", b: "member" }, "b")).toBe(true);
    expect(mayChangeRole(owner, { a: "owner", b: "member" }, "a")).toBe(false);
    expect(mayChangeRole(owner, { a: "owner", b: "owner" }, "a")).toBe(true);
    expect(mayChangeRole({ ...PRIVATE, role: "moderator" }, { a: "owner" }, "a")).toBe(false);
  });

  it("a moderator of a room that was left is none", () => {
    expect(moderates({ ...PRIVATE, role: "owner", is_member: false })).toBe(false);
  });
});
