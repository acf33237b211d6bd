import { ActionIcon, Group } from "@mantine/core";
import { useName } from "../../shared/context";
import { Icon } from "../../shared/icons";
import type { MessageItem, Reaction } from "../../state/timeline";
import { ReplyQuote } from "./ReplyQuote";
import { Speech } from "./Speech";
import classes from "./messages.module.css";

interface Props {
  item: MessageItem;
  head: boolean;
  quoted: MessageItem | null | undefined;
  onReply: (message: MessageItem) => void;
  onShow: (id: string) => void;
}

/** A message of the log. */
export function MessageRow({ item, head, quoted, onReply, onShow }: Props) {
  const name = useName(item.sender);
  return (
    <div className={classes.row} data-event-id={item.id} data-cursor={item.cursor} data-sender={item.sender}>
      <Speech
        sender={item.sender}
        at={item.at}
        head={head}
        text={item.deleted ? null : item.text}
        edited={item.edited}
        quote={
          quoted !== undefined &&
          item.replyTo !== null && <ReplyQuote id={item.replyTo} quoted={quoted} onShow={onShow} />
        }
      >
        {item.reactions.length > 0 && <Reactions reactions={item.reactions} />}
      </Speech>
      {!item.deleted && (
        <ActionIcon
          className={classes.tool}
          variant="default"
          size="md"
          aria-label={`Reply to ${name}`}
          title="Reply"
          onClick={() => onReply(item)}
        >
          <Icon name="reply" size={16} />
        </ActionIcon>
      )}
    </div>
  );
}

function Reactions({ reactions }: { reactions: readonly Reaction[] }) {
  return (
    <Group gap={4} mt={4}>
      {reactions.map(({ emoji, users }) => (
        <span key={emoji} className={classes.reaction}>
          <bdi>{emoji}</bdi> {users.length}
        </span>
      ))}
    </Group>
  );
}
