import { UnstyledButton } from "@mantine/core";
import { Icon } from "../../shared/icons";
import { UserName } from "../../shared/UserName";
import { plain } from "../../shared/plain";
import type { MessageItem } from "../../state/timeline";
import classes from "./messages.module.css";

interface Props {
  /** Null where the answered message is further up than what is loaded. */
  quoted: MessageItem | null;
  onShow?: (id: string) => void;
}

/** The first line of what a message answers; pressing it goes there. */
export function ReplyQuote({ quoted, onShow }: Props) {
  if (quoted === null) {
    return (
      <div className={classes.quote}>
        <Icon name="reply" size={13} />
        <span>An answer to something further up</span>
      </div>
    );
  }
  return (
    <UnstyledButton className={classes.quote} onClick={() => onShow?.(quoted.id)} data-reply-to={quoted.id}>
      <Icon name="reply" size={13} />
      <strong>
        <UserName user={quoted.sender} />
      </strong>
      <bdi className={classes.quoteText}>{quoted.deleted ? "This was deleted." : plain(quoted.text)}</bdi>
    </UnstyledButton>
  );
}
