/** Workspaces, and what one's role in one allows (`docs/protocol.md`, Workspaces). */

import type { WorkspaceRole } from "@roomlog/client";
import type { ChatState } from "./model";

export interface Workspace {
  id: string;
  name: string;
  slug: string;
  members: number;
  role: WorkspaceRole;
}

export const WORKSPACE_ROLES: readonly WorkspaceRole[] = ["owner", "admin", "moderator", "member", "guest"];

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
