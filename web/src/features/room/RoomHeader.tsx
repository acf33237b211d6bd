import { ActionIcon, Group, Menu, Text, Title } from "@mantine/core";
import { useChat, useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { go, HOME } from "../../shared/router";
import { plain } from "../../shared/plain";

interface Props {
  room: string;
  peopleOpen: boolean;
  onPeople: () => void;
}

/** The open room's name and topic, and what can be done with it. */
export function RoomHeader({ room, peopleOpen, onPeople }: Props) {
  const known = useChat((state) => state.rooms[room]);
  const isMember = known?.is_member ?? false;
  return (
    <Group flex={1} gap="xs" wrap="nowrap" miw={0}>
      <div style={{ flex: 1, minWidth: 0 }}>
        <Title order={1} size="h4" lh={1.2} lineClamp={1}>
          <bdi>{plain(known?.name ?? "Room")}</bdi>
        </Title>
        <Text size="xs" c="dimmed" truncate>
          {known?.topic ? <bdi>{plain(known.topic)}</bdi> : memberCount(known?.members)}
        </Text>
      </div>
      {isMember && <RoomMenu room={room} />}
      <ActionIcon
        hiddenFrom="md"
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={peopleOpen ? "Hide people" : "Show people"}
        aria-expanded={peopleOpen}
        onClick={onPeople}
      >
        <Icon name="people" size={20} />
      </ActionIcon>
    </Group>
  );
}

function RoomMenu({ room }: { room: string }) {
  const session = useSession();
  const leave = () =>
    session.leave(room).then(
      () => go(HOME),
      () => undefined,
    );
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Room options">
          <Text span fw={700} lh={1} aria-hidden>
            ⋯
          </Text>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Icon name="exit" />} onClick={() => void leave()}>
          Leave this room
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function memberCount(members: number | undefined): string {
  if (members === undefined) return "";
  return `${members} ${members === 1 ? "member" : "members"}`;
}
