import { Center, Loader, Stack, Text } from "@mantine/core";

/** What is seen until it is known who is signed in. */
export function Splash({ error }: { error: string | null }) {
  return (
    <Center h="100%" p="md">
      <Stack align="center" gap="sm" role="status">
        <Loader aria-hidden />
        <Text c="dimmed" ta="center">
          {error === null ? "Loading…" : `${error} Trying again…`}
        </Text>
      </Stack>
    </Center>
  );
}
