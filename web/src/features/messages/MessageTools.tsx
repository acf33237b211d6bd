import { ActionIcon, Popover } from "@mantine/core";
import { useChat, useName, useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import type { IconName } from "../../shared/icons";
import type { MessageItem } from "../../state/timeline";
import { useRowActions } from "./actions";
import { EmojiPicker } from "./EmojiPicker";
import { MessageMenu } from "./MessageMenu";
import classes from "./tools.module.css";

/** What of a message's tools is open. */
export type Open = "menu" | "emoji" | null;

interface Props {
  item: MessageItem;
  open: Open;
  onOpen: (open: Open) => void;
}

/** What can be done with a message: beside it under the pointer or the focus, in a menu on a phone. */
export function MessageTools({ item, open, onOpen }: Props) {
  const session = useSession();
  const actions = useRowActions();
  const name = useName(item.sender);
  const isMine = useChat((state) => state.me) === item.sender;

  function react(emoji: string) {
    onOpen(null);
    void session.changes.toggleReaction(actions.room, item, emoji);
  }

  return (
    <Popover
      opened={open === "emoji"}
      onChange={(opened) => !opened && onOpen(null)}
      position="top-end"
      trapFocus
      returnFocus
      withinPortal
      shadow="md"
    >
      <Popover.Target>
        <div className={classes.tools} data-open={open !== null || undefined}>
          <Tool icon="smile" label={`React to ${name}`} onClick={() => onOpen("emoji")} />
          <Tool icon="reply" label={`Reply to ${name}`} onClick={() => actions.reply(item)} />
          {isMine && <Tool icon="pencil" label="Edit" onClick={() => actions.edit(item.id)} />}
          <MessageMenu item={item} opened={open === "menu"} onOpen={onOpen} onReact={react} />
        </div>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <EmojiPicker onPick={react} />
      </Popover.Dropdown>
    </Popover>
  );
}

interface ToolProps {
  icon: IconName;
  label: string;
  onClick: () => void;
}

function Tool({ icon, label, onClick }: ToolProps) {
  return (
    <ActionIcon
      className={classes.inRow}
      variant="subtle"
      color="gray"
      size={30}
      aria-label={label}
      title={label}
      onClick={onClick}
    >
      <Icon name={icon} size={17} />
    </ActionIcon>
  );
}
