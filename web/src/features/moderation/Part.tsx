import { Skeleton, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Failure } from "../../shared/Failure";

interface Props {
  isLoaded: boolean;
  error: string | null;
  isEmpty: boolean;
  empty: string;
  children: ReactNode;
}

/** A list that is loaded, or what is to be said instead of it. */
export function Part({ isLoaded, error, isEmpty, empty, children }: Props) {
  return (
    <Stack gap="sm">
      <Failure text={error} />
      {!isLoaded && error === null && <Skeleton height={120} aria-label="Loading" />}
      {isLoaded && isEmpty && (
        <Text size="sm" c="dimmed">
          {empty}
        </Text>
      )}
      {children}
    </Stack>
  );
}
