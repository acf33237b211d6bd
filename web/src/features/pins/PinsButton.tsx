import { Button } from "@mantine/core";
import { useState } from "react";
import { useChat } from "../../shared/context";
import { Icon } from "../../shared/icons";
import type { Room } from "../../state/rooms";
import { PinsDialog } from "./PinsDialog";

/** How many messages the room keeps in view; pressing it shows them. Not there where nothing is pinned. */
export function PinsButton({ room }: { room: Room }) {
  const [opened, setOpened] = useState(false);
  const count = useChat((state) => state.pins[room.id]?.length ?? 0);
  return (
    <>
      {count > 0 && (
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          px={6}
          leftSection={<Icon name="pin" size={16} />}
          styles={{ section: { marginInlineEnd: 4 } }}
          aria-label={`${count} pinned ${count === 1 ? "message" : "messages"}`}
          onClick={() => setOpened(true)}
        >
          {count}
        </Button>
      )}
      {opened && <PinsDialog room={room} onClose={() => setOpened(false)} />}
    </>
  );
}
