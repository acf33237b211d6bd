import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { useSession } from "../../shared/context";
import { HOME } from "../../shared/router";

interface Props {
  room: string;
  error: string;
  /** False for a room that the server does not show to this person. */
  isKnown: boolean;
}

export function RoomProblem({ room, error, isKnown }: Props) {
  const session = useSession();
  const again = () => (isKnown ? session.loadTimeline(room) : session.openRoom(room));
  return (
    <Stack align="center" justify="center" flex={1} p="xl" gap="xs" role="alert">
      <Title order={2} size="h3" ta="center">
        This room cannot be shown
      </Title>
      <Text c="dimmed" ta="center" maw={420}>
        {error}
      </Text>
      <Group mt="sm">
        <Button onClick={() => void again()}>Try again</Button>
        <Button component="a" href={HOME} variant="default">
          Go to your rooms
        </Button>
      </Group>
    </Stack>
  );
}
