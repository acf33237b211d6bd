import type { FriendNotice, PausedNotice, PersonalNotice, WorkspaceInviteNotice } from "@roomlog/client";
import type { Action, ChatState } from "../state/model";
import { isLookedAt } from "../state/reading";
import type { Store } from "../state/store";
import type { Toast } from "../state/toasts";
import type { Names } from "./names";
import type { Rooms } from "./rooms";

export const INVITED = "Open the link that came with it.";

/** Brings what concerns the person before their eyes, unless it is there already. */
export class Attention {
  constructor(
    private readonly store: Store<ChatState, Action>,
    private readonly names: Names,
    private readonly rooms: Rooms,
    /** Also told outside the page, where the person wants that. */
    private readonly alert: (toast: Toast) => void,
  ) {}

  async notify(notice: PersonalNotice): Promise<void> {
    await this.rooms.appear(notice.room, notice.cursor);
    if (isLookedAt(this.store.get(), notice.room) || this.isOnlyTheBeginning(notice)) return;
    const name = await this.names.nameOf(notice.sender);
    this.show({
      id: `${notice.kind}:${notice.event}`,
      tone: "info",
      title: title(notice.kind, name, this.roomName(notice.room)),
      text: notice.text ?? "",
      room: notice.room,
    });
  }

  /** A webhook that the person made is sent no more. */
  paused(notice: PausedNotice): void {
    this.show({
      id: `${notice.kind}:${notice.event}`,
      tone: "error",
      title: `A webhook of ${this.roomName(notice.room)} is paused`,
      text: notice.text ?? "",
      room: notice.room,
    });
  }

  async befriended({ kind, event, sender }: FriendNotice): Promise<void> {
    const name = await this.names.nameOf(sender);
    const text = kind === "friend_request" ? "Answer in the menu of your account, under Friends." : "";
    this.show({ id: `${kind}:${event}`, tone: "info", title: friendTitle(kind, name), text, room: null });
  }

  async invited({ kind, event, sender }: WorkspaceInviteNotice): Promise<void> {
    const name = await this.names.nameOf(sender);
    this.show({
      id: `${kind}:${event}`,
      tone: "info",
      title: `${name} invited you to a workspace`,
      text: INVITED,
      room: null,
    });
  }

  /** Somebody took the person out of a room. */
  async removed(room: string, by: string): Promise<void> {
    const name = await this.names.nameOf(by);
    const text = `${name} removed you. What is said there does not reach you any more.`;
    const id = `removed:${room}`;
    this.show({ id, tone: "error", title: `You are no longer in ${this.roomName(room)}`, text, room: null });
  }

  /** Somebody took the person out of a workspace. */
  async leftWorkspace(id: string, name: string, by: string): Promise<void> {
    const text = `${await this.names.nameOf(by)} removed you. You left its rooms too.`;
    this.show({
      id: `removed:${id}`,
      tone: "error",
      title: `You are no longer in ${name}`,
      text,
      room: null,
    });
  }

  /** The server does not let the person follow a room that was theirs. */
  refused(room: string): void {
    const text = "You left it on another device, or somebody removed you.";
    const id = `removed:${room}`;
    this.show({ id, tone: "error", title: `You are no longer in ${this.roomName(room)}`, text, room: null });
  }

  /** A conversation of two begins with an invitation; what is said in it is what matters. */
  private isOnlyTheBeginning({ kind, room }: PersonalNotice): boolean {
    return kind === "invite" && this.store.get().rooms[room]?.kind === "direct";
  }

  private show(toast: Toast): void {
    this.store.dispatch({ type: "toast", toast });
    this.alert(toast);
  }

  private roomName(room: string): string {
    return this.store.get().rooms[room]?.name ?? "a room";
  }
}

export function friendTitle(kind: FriendNotice["kind"], name: string): string {
  return kind === "friend_request" ? `${name} asks to be friends` : `You and ${name} are friends`;
}

export function title(kind: PersonalNotice["kind"], name: string, room: string): string {
  if (kind === "mention") return `${name} mentioned you in ${room}`;
  if (kind === "invite") return `${name} brought you into ${room}`;
  return `${name} wrote to you`;
}
