import { Button, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { useChat } from "../../shared/context";
import { Icon } from "../../shared/icons";

/** The middle of the page while no room is open. */
export function Welcome({ onBrowse }: { onBrowse: () => void }) {
  const hasRooms = useChat((state) => Object.values(state.rooms).some((room) => room.is_member));
  return (
    <Stack align="center" justify="center" flex={1} p="xl" gap="xs">
      <ThemeIcon size={56} radius="xl" variant="light" mb="xs">
        <Icon name="compass" size={30} />
      </ThemeIcon>
      <Title order={2} size="h3" ta="center">
        {hasRooms ? "Pick a room" : "Find your first room"}
      </Title>
      <Text c="dimmed" ta="center" maw={360}>
        {hasRooms
          ? "Choose one of your rooms, or browse all rooms for a new one."
          : "Browse the rooms that are there, or create one and share its address with others."}
      </Text>
      <Button hiddenFrom="sm" mt="sm" onClick={onBrowse}>
        Show rooms
      </Button>
    </Stack>
  );
}
