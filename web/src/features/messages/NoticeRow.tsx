import { languageName } from "../../shared/languages";
import { UserName } from "../../shared/UserName";
import { clock, fullTime } from "../../shared/time";
import { plain } from "../../shared/plain";
import type { NoticeItem } from "../../state/timeline";
import classes from "./messages.module.css";

const ROLES: Readonly<Record<string, string>> = { owner: "an owner", moderator: "a moderator" };

/** A small grey line: somebody came, went, or changed the room. */
export function NoticeRow({ item }: { item: NoticeItem }) {
  return (
    <p
      className={classes.notice}
      data-event-id={item.id}
      data-cursor={item.cursor}
      data-notice={item.what}
      title={fullTime(item.at)}
    >
      <Sentence item={item} /> <span className={classes.time}>{clock(item.at)}</span>
    </p>
  );
}

function Sentence({ item }: { item: NoticeItem }) {
  const user = <UserName user={item.user} />;
  const sender = <UserName user={item.sender} />;
  const detail = <bdi>{plain(item.detail)}</bdi>;
  switch (item.what) {
    case "MemberJoined":
      return <>{user} joined</>;
    case "MemberLeft":
      return <>{user} left</>;
    case "MemberInvited":
      return (
        <>
          {sender} brought {user} in
        </>
      );
    case "MemberRemoved":
      return (
        <>
          {sender} {item.detail === "banned" ? "banned" : "removed"} {user}
        </>
      );
    case "MemberMuted":
      return (
        <>
          {sender} muted {user}
        </>
      );
    case "MemberUnmuted":
      return (
        <>
          {sender} unmuted {user}
        </>
      );
    case "MemberUnbanned":
      return (
        <>
          {sender} lets {user} come back
        </>
      );
    case "RoomRenamed":
      return (
        <>
          {sender} renamed the room to {detail}
        </>
      );
    case "RoomTopicChanged":
      return (
        <>
          {sender} changed the topic to {detail}
        </>
      );
    case "RoomLanguageChanged":
      return (
        <>
          {sender} set the room’s language to {languageName(item.detail)}
        </>
      );
    case "RoomSettingsChanged":
      return <>{sender} changed the settings of the room</>;
    case "MemberRoleChanged":
      return (
        <>
          {sender} made {user} {ROLES[item.detail] ?? "a member"}
        </>
      );
    case "HookCreated":
      return (
        <>
          {sender} let another system post here, as {detail}
        </>
      );
    case "HookRevoked":
      return (
        <>
          {sender} ended the hook {user}
        </>
      );
    default:
      return <>{sender} created the room</>;
  }
}
