import { Button, Center, Group, Loader, Skeleton, Stack, Text } from "@mantine/core";

interface Context {
  hasMore: boolean;
  error: string | null;
  load: () => void;
}

/** Above the oldest loaded message: that more is coming, or that it failed. */
export function HistoryTop({ context }: { context?: Context }) {
  if (context?.error != null) {
    return (
      <Stack align="center" p="md" gap="xs" role="alert">
        <Text size="sm" c="red">
          {context.error}
        </Text>
        <Button size="xs" variant="light" onClick={context.load}>
          Load older ones again
        </Button>
      </Stack>
    );
  }
  if (!context?.hasMore) return <div style={{ height: 8 }} />;
  return (
    <Center p="md" h={56}>
      <Loader size="sm" aria-label="Loading older ones" />
    </Center>
  );
}

/** Keeps the newest row off the edge. */
export function HistoryBottom() {
  return <div style={{ height: 8 }} />;
}

export function LoadingHistory() {
  return (
    <Stack p="md" gap="lg" justify="flex-end" h="100%" aria-busy="true">
      {[62, 40, 75, 52].map((width) => (
        <Group key={width} wrap="nowrap" align="flex-start">
          <Skeleton circle height={36} miw={36} />
          <Stack gap={8} flex={1}>
            <Skeleton height={10} width={120} />
            <Skeleton height={12} width={`${width}%`} />
          </Stack>
        </Group>
      ))}
    </Stack>
  );
}

export function EmptyRoom() {
  return (
    <Center h="100%" p="xl">
      <Text c="dimmed" ta="center">
        Nothing was said here yet. Write the first words below.
      </Text>
    </Center>
  );
}
