import { ActionIcon, Group, Menu } from "@mantine/core";
import { newKey } from "@roomlog/client";
import { copyText } from "../../shared/clipboard";
import { useChat, useName, useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { roomHref } from "../../shared/router";
import { mayWrite, moderates } from "../../state/members";
import type { MessageItem } from "../../state/timeline";
import { useRowActions } from "./actions";
import { QUICK } from "./emoji";
import type { Open } from "./MessageTools";
import classes from "./tools.module.css";

interface Props {
  item: MessageItem;
  opened: boolean;
  onOpen: (open: Open) => void;
  onReact: (emoji: string) => void;
}

/** Everything that can be done with a message, by name. */
export function MessageMenu({ item, opened, onOpen, onReact }: Props) {
  const name = useName(item.sender);
  return (
    <Menu
      opened={opened}
      onChange={(open) => onOpen(open ? "menu" : null)}
      position="bottom-end"
      width={232}
      shadow="md"
      withinPortal
    >
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={30}
          aria-label={`More for the message of ${name}`}
          title="More"
        >
          <Icon name="more" size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Group gap={2} justify="space-between" wrap="nowrap" px={4} pb={4}>
          {QUICK.map((emoji) => (
            <Menu.Item
              key={emoji}
              className={classes.quick}
              aria-label={`React with ${emoji}`}
              onClick={() => onReact(emoji)}
            >
              {emoji}
            </Menu.Item>
          ))}
        </Group>
        <Items item={item} name={name} onOpen={onOpen} />
      </Menu.Dropdown>
    </Menu>
  );
}

function Items({ item, name, onOpen }: { item: MessageItem; name: string; onOpen: (open: Open) => void }) {
  const actions = useRowActions();
  const copy = useCopy();
  const isMine = useChat((state) => state.me) === item.sender;
  const isDirect = useChat((state) => state.rooms[actions.room]?.kind === "direct");
  const isModerator = useChat((state) => {
    const room = state.rooms[actions.room];
    return room !== undefined && moderates(room);
  });
  const { pins } = useSession();
  const isPinned = useChat((state) => state.pins[actions.room]?.includes(item.id) ?? false);
  const mayPin = useChat((state) => {
    const room = state.rooms[actions.room];
    return room !== undefined && mayWrite(room);
  });
  const togglePin = () =>
    void (isPinned ? pins.unpin(actions.room, item.id) : pins.pin(actions.room, item.id));
  const link = location.origin + location.pathname + roomHref(actions.room, item.id);
  return (
    <>
      <Menu.Item leftSection={<Icon name="smile" />} closeMenuOnClick={false} onClick={() => onOpen("emoji")}>
        Other reaction…
      </Menu.Item>
      <Menu.Item leftSection={<Icon name="reply" />} onClick={() => actions.reply(item)}>
        Reply to <bdi>{name}</bdi>
      </Menu.Item>
      <Menu.Item leftSection={<Icon name="thread" />} onClick={() => actions.thread(item.id)}>
        Open the thread
      </Menu.Item>
      {mayPin && (
        <Menu.Item leftSection={<Icon name="pin" />} onClick={togglePin}>
          {isPinned ? "Unpin" : "Pin"}
        </Menu.Item>
      )}
      {isMine && (
        <Menu.Item leftSection={<Icon name="pencil" />} onClick={() => actions.edit(item.id)}>
          Edit
        </Menu.Item>
      )}
      <Menu.Item leftSection={<Icon name="copy" />} onClick={() => void copy("text", item.text)}>
        Copy text
      </Menu.Item>
      <Menu.Item leftSection={<Icon name="link" />} onClick={() => void copy("link", link)}>
        Copy link
      </Menu.Item>
      {!isMine && !isDirect && (
        <Menu.Item leftSection={<Icon name="warning" />} onClick={() => actions.report(item)}>
          Report…
        </Menu.Item>
      )}
      {(isMine || isModerator) && (
        <Menu.Item color="red" leftSection={<Icon name="trash" />} onClick={() => actions.remove(item)}>
          Delete…
        </Menu.Item>
      )}
    </>
  );
}

/** Copies, and says so over the page. */
function useCopy() {
  const { store } = useSession();
  return async (what: string, text: string) => {
    const done = await copyText(text);
    const toast = done
      ? { tone: "info" as const, title: `The ${what} is copied`, text: "" }
      : { tone: "error" as const, title: `The ${what} was not copied`, text: `Copy it from here: ${text}` };
    store.dispatch({ type: "toast", toast: { id: newKey(), room: null, ...toast } });
  };
}
