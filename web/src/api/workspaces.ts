/** The REST calls of workspaces. */

import type { RestClient, WorkspaceRole } from "@roomlog/client";
import type { Workspace } from "../state/workspaces";
import type { Users } from "./chat";

export interface Colleagues {
  items: { user: string; role: WorkspaceRole }[];
  users: Users;
  next: string | null;
}

export interface Invite {
  id: string;
  role: WorkspaceRole;
  email: string | null;
  expires_at: string;
}

export interface MadeInvite extends Invite {
  token: string;
  cursor: string | null;
}

export interface InvitePreview {
  workspace: string;
  name: string;
  role: WorkspaceRole;
}

interface Stored {
  id: string;
  cursor: string | null;
}

export class WorkspaceApi {
  constructor(private readonly rest: RestClient) {}

  async list(): Promise<Workspace[]> {
    const answer = await this.rest.get<{ items: Workspace[] }>("/workspaces");
    return answer.items;
  }

  get(id: string, afterCursor: string | null = null): Promise<Workspace> {
    return this.rest.get(at(id), { query: { after_cursor: afterCursor } });
  }

  create(name: string, slug: string): Promise<Stored> {
    return this.rest.post("/workspaces", { name, slug });
  }

  rename(id: string, name: string): Promise<Stored> {
    return this.rest.request("PATCH", at(id), { body: { name } });
  }

  members(id: string, afterCursor: string | null = null): Promise<Colleagues> {
    return this.rest.get(at(id, "members"), { query: { limit: 1_000, after_cursor: afterCursor } });
  }

  setRole(id: string, user: string, role: WorkspaceRole): Promise<Stored> {
    return this.rest.request("PATCH", at(id, "members", user), { body: { role } });
  }

  /** Take somebody out; `me` is oneself. */
  remove(id: string, user: string): Promise<Stored> {
    return this.rest.request("DELETE", at(id, "members", user), {});
  }

  async invites(id: string, afterCursor: string | null = null): Promise<Invite[]> {
    const query = { after_cursor: afterCursor };
    const answer = await this.rest.get<{ items: Invite[] }>(at(id, "invites"), { query });
    return answer.items;
  }

  invite(id: string, role: WorkspaceRole, email: string): Promise<MadeInvite> {
    return this.rest.post(at(id, "invites"), email === "" ? { role } : { role, email });
  }

  revoke(id: string, invite: string): Promise<Stored> {
    return this.rest.request("DELETE", at(id, "invites", invite), {});
  }

  preview(token: string): Promise<InvitePreview> {
    return this.rest.get(`/invites/${encodeURIComponent(token)}`);
  }

  accept(token: string): Promise<Stored> {
    return this.rest.post(`/invites/${encodeURIComponent(token)}/accept`);
  }
}

function at(id: string, ...rest: string[]): string {
  return ["/workspaces", id, ...rest].map((part, i) => (i === 0 ? part : encodeURIComponent(part))).join("/");
}
