import { Alert } from "@mantine/core";
import type { AlertProps } from "@mantine/core";

/** What went wrong, read out at once; nothing where nothing did. */
export function Failure({ text, ...rest }: { text: string | null } & AlertProps) {
  if (text === null) return null;
  return (
    <Alert color="red" variant="light" role="alert" {...rest}>
      {text}
    </Alert>
  );
}
