/** Who is in a room, as what, and what each may do there (`docs/protocol.md`, Roles). */

import type { ChatEvent, Role } from "@roomlog/client";
import type { Room } from "./rooms";

/** What somebody in a room is: a person by their role, or the bot of a hook. */
export type MemberRole = Role | "bot";

/** User id -> role. */
export type Members = Readonly<Record<string, MemberRole>>;

export const ROLES: readonly Role[] = ["owner", "moderator", "member"];

/** Fold the events that change who is in the room; an event that is known already changes nothing. */
export function applyToMembers(members: Members, events: readonly ChatEvent[]): Members {
  return events.reduce(applyOne, members);
}

function applyOne(members: Members, event: ChatEvent): Members {
  const user = typeof event.d.user === "string" ? event.d.user : event.sender;
  switch (event.type) {
    case "MemberJoined":
    case "MemberInvited":
      return user in members ? members : { ...members, [user]: roleOf(event) };
    case "HookCreated":
      return hookOf(event) in members ? members : { ...members, [hookOf(event)]: "bot" };
    case "HookRevoked":
      return Object.fromEntries(Object.entries(members).filter(([each]) => each !== hookOf(event)));
    case "MemberLeft":
    case "MemberRemoved":
      return Object.fromEntries(Object.entries(members).filter(([each]) => each !== user));
    case "MemberRoleChanged":
      return user in members ? { ...members, [user]: roleOf(event) } : members;
    default:
      return members;
  }
}

function hookOf(event: ChatEvent): string {
  return typeof event.d.hook_id === "string" ? event.d.hook_id : "";
}

/** The role that an event gives. */
export function roleOf(event: ChatEvent): Role {
  return ROLES.find((role) => role === event.d.role) ?? "member";
}

type Own = Pick<Room, "kind" | "role" | "is_member">;

/** Whether one is an owner or moderator of the room. */
export function moderates(room: Own): boolean {
  return room.is_member && (room.role === "owner" || room.role === "moderator");
}

/** Whether one may write in the room. */
export function mayWrite(room: Own & Pick<Room, "archived" | "read_only">): boolean {
  return room.is_member && !room.archived && (!room.read_only || moderates(room));
}

export function mayInvite(room: Own): boolean {
  return room.is_member && room.kind !== "direct" && (room.kind !== "private" || moderates(room));
}

/** Whether one may remove another member, whose role is given. */
export function mayRemove(room: Own, target: MemberRole): boolean {
  return room.kind !== "direct" && moderates(room) && (target !== "owner" || room.role === "owner");
}

/** Whether one may mute or ban another member, whose role is given. */
export function mayModerate(room: Own, target: MemberRole): boolean {
  return (
    target !== "bot" &&
    room.kind !== "direct" &&
    moderates(room) &&
    (target === "member" || room.role === "owner")
  );
}

/** Whether one may change a member's role; the last owner stays one. */
export function mayChangeRole(room: Own, members: Members, user: string): boolean {
  if (!room.is_member || room.kind === "direct" || room.role !== "owner") return false;
  return members[user] !== "owner" || owners(members).length > 1;
}

export function owners(members: Members): string[] {
  return Object.keys(members).filter((user) => members[user] === "owner");
}

/** Whether an event takes one's own place in the room away, by somebody else's hand. */
export function removesMe(event: ChatEvent, me: string): boolean {
  return event.type === "MemberRemoved" && event.d.user === me && event.sender !== me;
}
