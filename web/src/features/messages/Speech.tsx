import { Avatar, Badge, UnstyledButton } from "@mantine/core";
import type { ReactNode } from "react";
import { useIsBot, useName } from "../../shared/context";
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
  mentions: readonly string[];
  edited?: boolean;
  /** Shows the texts that an edited message had. */
  onHistory?: () => void;
  quote?: ReactNode;
  /** Shown in place of the text. */
  instead?: ReactNode;
  children?: ReactNode;
}

/** Who said what and when, the same for messages of the log and for those on their way. */
export function Speech({
  sender,
  at,
  head,
  text,
  mentions,
  edited = false,
  onHistory,
  quote,
  instead,
  children,
}: Props) {
  const name = useName(sender);
  const isBot = useIsBot(sender);
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
            {isBot && (
              <Badge size="xs" variant="light" color="gray" title="Another system posts as it">
                bot
              </Badge>
            )}
            <Time at={at} />
          </div>
        )}
        {quote}
        {instead || <Words {...{ sender, text, mentions, edited, onHistory }} />}
        {children}
      </div>
    </>
  );
}

type WordsProps = Pick<Props, "sender" | "text" | "mentions" | "edited" | "onHistory">;

function Words({ sender, text, mentions, edited, onHistory }: WordsProps) {
  if (text === "" && !edited) return null; // a message of files alone
  if (text === null) return <p className={classes.tombstone}>This was deleted.</p>;
  const action = actionText(text);
  return (
    <p
      className={action === null ? classes.text : classes.action}
      dir="auto"
      data-action={action !== null || undefined}
    >
      {action !== null && (
        <>
          <span className={classes.name}>
            <UserName user={sender} />
          </span>{" "}
        </>
      )}
      <RichText text={action ?? text} mentions={mentions} />
      {edited && (
        <span className={classes.edited}>
          {" "}
          {onHistory ? (
            <UnstyledButton className={classes.edited} title="Show the edits" onClick={onHistory}>
              (edited)
            </UnstyledButton>
          ) : (
            "(edited)"
          )}
        </span>
      )}
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
