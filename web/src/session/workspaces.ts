import type { ChatEvent, RoomlogClient, WorkspaceRole } from "@roomlog/client";
import type { Invite, InvitePreview, MadeInvite, WorkspaceApi } from "../api/workspaces";
import type { Action, ChatState } from "../state/model";
import type { Store } from "../state/store";
import type { Workspace } from "../state/workspaces";

const PICKED = "roomlog:workspace";

/** What a person does with workspaces and the people in them. */
export class Workspaces {
  constructor(
    private readonly client: RoomlogClient,
    private readonly api: WorkspaceApi,
    private readonly store: Store<ChatState, Action>,
  ) {}

  /** Load and follow one's workspaces, and show the one that was on the screen last; raises ApiError. */
  async load(): Promise<void> {
    const workspaces = await this.api.list();
    this.store.dispatch({ type: "workspaces", workspaces });
    for (const { id, last_cursor: cursor } of workspaces) this.client.subscribe(id, cursor);
    const last = this.store.get().workspace ?? localStorage.getItem(PICKED);
    this.pick(workspaces.some((each) => each.id === last) ? last : null);
  }

  /** One's workspace of this id, if it is one. */
  find(id: string): Workspace | undefined {
    return this.store.get().workspaces.find((each) => each.id === id);
  }

  /** Something happened in a workspace; tell whether it was one's own end there, by another's hand. */
  receive(event: ChatEvent): boolean {
    this.store.dispatch({ type: "workspace_event", event });
    if (this.find(event.room) !== undefined) return false;
    this.gone(event.room);
    return event.type === "MemberRemoved";
  }

  /** The person is not in the workspace any more. */
  gone(id: string): void {
    this.client.unsubscribe(id);
    const workspaces = this.store.get().workspaces.filter((each) => each.id !== id);
    this.store.dispatch({ type: "workspaces", workspaces });
    if (this.store.get().workspace === id) this.pick(null);
  }

  /** What happened meanwhile is not to be had event by event: look the workspace up. */
  async reset(id: string): Promise<void> {
    await this.refresh(id, null).catch(() => undefined);
  }

  /** Show a workspace; null is the one that everybody is in. */
  pick(workspace: string | null): void {
    if (workspace === null) localStorage.removeItem(PICKED);
    else localStorage.setItem(PICKED, workspace);
    this.store.dispatch({ type: "workspace", workspace });
  }

  async create(name: string, slug: string): Promise<void> {
    const made = await this.api.create(name, slug);
    await this.show(made.id, made.cursor);
  }

  async rename(id: string, name: string): Promise<void> {
    const stored = await this.api.rename(id, name);
    await this.refresh(id, stored.cursor);
  }

  /** Who is in a workspace, once the read model has reached the cursor. */
  async members(id: string, afterCursor: string | null = null): Promise<Record<string, WorkspaceRole>> {
    const page = await this.api.members(id, afterCursor);
    this.store.dispatch({ type: "names", users: page.users });
    return Object.fromEntries(page.items.map(({ user, role }) => [user, role]));
  }

  async setRole(id: string, user: string, role: WorkspaceRole): Promise<string | null> {
    return (await this.api.setRole(id, user, role)).cursor;
  }

  async remove(id: string, user: string): Promise<string | null> {
    return (await this.api.remove(id, user)).cursor;
  }

  async leave(id: string): Promise<void> {
    await this.api.remove(id, "me");
    this.gone(id);
  }

  invites(id: string, afterCursor: string | null = null): Promise<Invite[]> {
    return this.api.invites(id, afterCursor);
  }

  /** Make an invite: for whoever has the link, or for the account with an email address. */
  invite(id: string, role: WorkspaceRole, email: string): Promise<MadeInvite> {
    return this.api.invite(id, role, email);
  }

  async revoke(id: string, invite: string): Promise<string | null> {
    return (await this.api.revoke(id, invite)).cursor;
  }

  preview(token: string): Promise<InvitePreview> {
    return this.api.preview(token);
  }

  async accept(token: string): Promise<void> {
    const stored = await this.api.accept(token);
    await this.show(stored.id, stored.cursor);
  }

  private async show(id: string, cursor: string | null): Promise<void> {
    await this.refresh(id, cursor);
    this.pick(id);
  }

  private async refresh(id: string, cursor: string | null): Promise<void> {
    const found = await this.api.get(id, cursor);
    const others = this.store.get().workspaces.filter((each) => each.id !== id);
    const workspaces = [...others, found].sort((a, b) => a.name.localeCompare(b.name));
    this.store.dispatch({ type: "workspaces", workspaces });
    this.client.subscribe(id, found.last_cursor);
  }
}
