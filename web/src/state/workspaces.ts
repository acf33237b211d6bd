/** Workspaces, and what one's role in one allows (`docs/protocol.md`, Workspaces). */

import type { ChatEvent, WorkspaceRole } from "@roomlog/client";
import type { ChatState } from "./model";

export interface Workspace {
  id: string;
  name: string;
  slug: string;
  members: number;
  role: WorkspaceRole;
  /** Of the last thing that is known to have happened there. */
  last_cursor: string;
}

export const WORKSPACE_ROLES: readonly WorkspaceRole[] = ["owner", "admin", "moderator", "member", "guest"];

/** Fold what happens in a workspace: its name, who is in it, one's own part; without one it is gone. */
export function applyToWorkspaces(
  workspaces: readonly Workspace[],
  event: ChatEvent,
  me: string,
): readonly Workspace[] {
  return workspaces.flatMap((each) => {
    if (each.id !== event.room) return [each];
    const now = applyOne({ ...each, last_cursor: event.cursor }, event, me);
    return now === null ? [] : [now];
  });
}

function applyOne(workspace: Workspace, event: ChatEvent, me: string): Workspace | null {
  const mine = (typeof event.d.user === "string" ? event.d.user : event.sender) === me;
  switch (event.type) {
    case "RoomRenamed":
      return typeof event.d.name === "string" ? { ...workspace, name: event.d.name } : workspace;
    case "MemberJoined":
      return mine ? workspace : { ...workspace, members: workspace.members + 1 };
    case "MemberLeft":
    case "MemberRemoved":
      return mine ? null : { ...workspace, members: Math.max(0, workspace.members - 1) };
    case "MemberRoleChanged":
      return mine ? { ...workspace, role: workspaceRoleOf(event) } : workspace;
    default:
      return workspace;
  }
}

function workspaceRoleOf(event: ChatEvent): WorkspaceRole {
  return WORKSPACE_ROLES.find((role) => role === event.d.role) ?? "member";
}

/** The workspace on the screen, undefined for the one that everybody is in. */
export function openWorkspace(state: ChatState): Workspace | undefined {
  return state.workspaces.find((each) => each.id === state.workspace);
}

function rank(role: WorkspaceRole): number {
  return WORKSPACE_ROLES.length - WORKSPACE_ROLES.indexOf(role);
}

/** Whether one's role stands above another: owners above all. */
export function standsAbove(own: WorkspaceRole, other: WorkspaceRole): boolean {
  return own === "owner" || rank(own) > rank(other);
}

export function mayAdminister(own: WorkspaceRole): boolean {
  return own === "owner" || own === "admin";
}

export function mayInviteInto(own: WorkspaceRole): boolean {
  return mayAdminister(own) || own === "moderator";
}

/** The roles that one may invite people with. */
export function invitableRoles(own: WorkspaceRole): WorkspaceRole[] {
  return WORKSPACE_ROLES.filter((role) => role !== "owner" && mayInviteInto(own) && standsAbove(own, role));
}

/** A name for addresses out of a name for people. */
export function slugOf(name: string): string {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
}
