import { ActionIcon, Button, Group, ScrollArea, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { Icon } from "../../shared/icons";
import { CreateRoom } from "./CreateRoom";
import { FoundRooms } from "./FoundRooms";
import { WorkspaceSwitcher } from "../workspaces/WorkspaceSwitcher";
import { MyRooms } from "./MyRooms";

interface Props {
  openRoom: string | null;
  /** A room was chosen: on a phone the list gives way to it. */
  onNavigate: () => void;
}

/** One's rooms; and, with a search text or while browsing, all rooms. */
export function RoomList({ openRoom, onNavigate }: Props) {
  const [query, setQuery] = useState("");
  const [browsing, setBrowsing] = useState(false);
  const [creating, { open, close }] = useDisclosure(false);
  const searching = browsing || query.trim() !== "";

  function chosen() {
    setQuery("");
    setBrowsing(false);
    onNavigate();
  }

  return (
    <Stack gap={0} h="100%">
      <WorkspaceSwitcher />
      <Group p="sm" gap="xs" wrap="nowrap">
        <TextInput
          flex={1}
          size="sm"
          aria-label="Search rooms"
          placeholder="Search rooms"
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
          leftSection={<Icon name="search" size={16} />}
          type="search"
        />
        <ActionIcon variant="light" size={36} aria-label="New room" title="New room" onClick={open}>
          <Icon name="plus" />
        </ActionIcon>
      </Group>
      <Group justify="space-between" px="md" pb={4}>
        <Title order={2} size="xs" c="dimmed" tt="uppercase" lts={0.4}>
          {searching ? "All rooms" : "Your rooms"}
        </Title>
        <Button variant="subtle" size="compact-xs" onClick={() => (setBrowsing(!searching), setQuery(""))}>
          {searching ? "Your rooms" : "Browse all"}
        </Button>
      </Group>
      <ScrollArea flex={1} type="auto" px="xs" pb="sm">
        {searching ? (
          <FoundRooms query={query} openRoom={openRoom} onNavigate={chosen} />
        ) : (
          <MyRooms openRoom={openRoom} onNavigate={chosen} />
        )}
      </ScrollArea>
      <Text size="xs" c="dimmed" px="md" py="xs" visibleFrom="sm">
        Roomlog
      </Text>
      <CreateRoom opened={creating} onClose={close} onCreated={chosen} />
    </Stack>
  );
}
