import { Menu } from "@mantine/core";
import { useState } from "react";
import { complain } from "../../session/complain";
import { ConfirmDialog } from "../../shared/ConfirmDialog";
import { useChat, useName, useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";

const ASKS = { none: "Ask to be friends", asked: "Accept as a friend" } as const;
const PARTS = { friends: "End the friendship", requested: "Take the request back" } as const;

/** Items of a person's menu: friends and blocks. `onBlock` asks before a block. */
export function PersonActions({ user, onBlock }: { user: string; onBlock: () => void }) {
  const { people, store } = useSession();
  const name = useName(user);
  const relation = useChat((state) => state.people.relations[user]) ?? "none";
  const isBlocked = useChat((state) => user in state.people.blocked);
  const act = (done: Promise<void>) =>
    void done.catch((error: unknown) => complain(store, `Nothing changed between you and ${name}`, error));

  if (isBlocked)
    return (
      <Menu.Item leftSection={<Icon name="people" />} onClick={() => act(people.unblock(user))}>
        Unblock
      </Menu.Item>
    );
  return (
    <>
      {(relation === "none" || relation === "asked") && (
        <Menu.Item leftSection={<Icon name="invite" />} onClick={() => act(people.ask(user))}>
          {ASKS[relation]}
        </Menu.Item>
      )}
      {(relation === "friends" || relation === "requested") && (
        <Menu.Item leftSection={<Icon name="people" />} onClick={() => act(people.part(user))}>
          {PARTS[relation]}
        </Menu.Item>
      )}
      <Menu.Item color="red" leftSection={<Icon name="warning" />} onClick={onBlock}>
        Block…
      </Menu.Item>
    </>
  );
}

/** Asks before somebody is blocked; `asks` and `close` open and close it. */
export function useBlocking(user: string) {
  const { people } = useSession();
  const name = useName(user);
  const [asking, setAsking] = useState(false);
  const dialog = asking && (
    <ConfirmDialog
      title={`Block ${name}?`}
      action="Block"
      onConfirm={() => people.block(user)}
      onClose={() => setAsking(false)}
    >
      They cannot write to you or ask to be friends, do not see whether you are online, and what they say in
      your rooms is folded away. They are not told.
    </ConfirmDialog>
  );
  return { ask: () => setAsking(true), dialog };
}
