import { UnstyledButton } from "@mantine/core";
import { useEffect } from "react";
import { useChat, useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { plain } from "../../shared/plain";
import { UserName } from "../../shared/UserName";
import { wordsOf } from "../../state/timeline";
import type { MessageItem } from "../../state/timeline";
import { useRowActions } from "./actions";
import classes from "./messages.module.css";

interface Props {
  id: string;
  /** Null where the answered message is further up than what is loaded. */
  quoted: MessageItem | null;
}

/** The first line of what a message answers; pressing it goes there. */
export function ReplyQuote({ id, quoted }: Props) {
  const { show } = useRowActions();
  return (
    <UnstyledButton className={classes.quote} onClick={() => show(id)} data-reply-to={id}>
      {quoted === null ? <FetchedQuote id={id} /> : <Words message={quoted} />}
    </UnstyledButton>
  );
}

function FetchedQuote({ id }: { id: string }) {
  const session = useSession();
  const message = useChat((state) => state.quotes[id]);
  useEffect(() => {
    if (message === undefined) void session.messages.wantQuote(id);
  }, [session, id, message]);
  if (message) return <Words message={message} />;
  return <span>{message === null ? "An answer to what is gone" : "…"}</span>;
}

function Words({ message }: { message: MessageItem }) {
  return (
    <>
      <Icon name="reply" size={13} />
      <strong>
        <UserName user={message.sender} />
      </strong>
      <bdi className={classes.quoteText}>
        {message.deleted ? "This was deleted." : plain(wordsOf(message))}
      </bdi>
    </>
  );
}
