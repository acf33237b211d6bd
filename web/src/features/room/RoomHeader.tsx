import { ActionIcon, Group, Text, Title } from "@mantine/core";
import { useChat } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { plain } from "../../shared/plain";
import { PinsButton } from "../pins/PinsButton";
import { RoomMenu } from "./RoomMenu";

interface Props {
  room: string;
  peopleOpen: boolean;
  onPeople: () => void;
}

/** The open room's name and topic, and what can be done with it. */
export function RoomHeader({ room, peopleOpen, onPeople }: Props) {
  const known = useChat((state) => state.rooms[room]);
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
      {known?.is_member && <PinsButton key={`pins of ${room}`} room={known} />}
      {known?.is_member && <RoomMenu key={room} room={known} />}
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

function memberCount(members: number | undefined): string {
  if (members === undefined) return "";
  return `${members} ${members === 1 ? "member" : "members"}`;
}
