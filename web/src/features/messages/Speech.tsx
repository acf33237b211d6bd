import { Avatar } from "@mantine/core";
import type { ReactNode } from "react";
import { useName } from "../../shared/context";
import { RichText } from "../../shared/RichText";
import { clock, fullTime, shortClock } from "../../shared/time";
import { UserName } from "../../shared/UserName";
import { actionText } from "./rows";
import classes from "./messages.module.css";

interface Props {
  sender: string;
  at: number;
  head: boolean;
  /** Null for a message that was deleted. */
  text: string | null;
  edited?: boolean;
  quote?: ReactNode;
  children?: ReactNode;
}

/** Who said what and when, the same for messages of the log and for those on their way. */
export function Speech({ sender, at, head, text, edited = false, quote, children }: Props) {
  const name = useName(sender);
  const action = text === null ? null : actionText(text);
  return (
    <>
      <div className={classes.margin}>
        {head ? (
          <Avatar name={name} color="initials" size={36} radius="md" aria-hidden />
        ) : (
          <Time at={at} hidden />
        )}
      </div>
      <div className={classes.body}>
        {head && action === null && (
          <div className={classes.head}>
            <span className={classes.name}>
              <bdi>{name}</bdi>
            </span>
            <Time at={at} />
          </div>
        )}
        {quote}
        {text === null && <p className={classes.tombstone}>This was deleted.</p>}
        {action !== null && <Action sender={sender} text={action} />}
        {text !== null && action === null && (
          <p className={classes.text} dir="auto">
            <RichText text={text} />
            {edited && <span className={classes.edited}> (edited)</span>}
          </p>
        )}
        {children}
      </div>
    </>
  );
}

function Action({ sender, text }: { sender: string; text: string }) {
  return (
    <p className={classes.action} dir="auto" data-action>
      <span className={classes.name}>
        <UserName user={sender} />
      </span>{" "}
      <RichText text={text} />
    </p>
  );
}

function Time({ at, hidden = false }: { at: number; hidden?: boolean }) {
  const iso = Number.isFinite(at) ? new Date(at).toISOString() : undefined;
  return (
    <time className={hidden ? classes.quietTime : classes.time} dateTime={iso} title={fullTime(at)}>
      {hidden ? shortClock(at) : clock(at)}
    </time>
  );
}
