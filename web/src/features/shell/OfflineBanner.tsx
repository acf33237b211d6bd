import { Alert } from "@mantine/core";
import { useChat } from "../../shared/context";
import { Icon } from "../../shared/icons";

/** Shown while there is no connection, so that nobody writes into the void without knowing it. */
export function OfflineBanner() {
  const { state, reason } = useChat((chat) => chat.connection);
  if (state !== "offline") return null;
  return (
    <Alert color="orange" variant="light" radius={0} py="xs" icon={<Icon name="warning" />} role="alert">
      {reason ?? "The connection was lost."} Trying again by itself; what you write is sent when the
      connection is back.
    </Alert>
  );
}
