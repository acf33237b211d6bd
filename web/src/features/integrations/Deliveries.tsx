import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import { useCallback } from "react";
import type { Delivery } from "../../api/integrations";
import { useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { plain } from "../../shared/plain";
import { useAttempts } from "./useAttempts";

const REFRESH_MS = 3_000;
const COLORS = { waiting: "gray", delivered: "teal", dead: "red" } as const;

/** The last deliveries of a webhook, and sending them once more. */
export function Deliveries({ webhook }: { webhook: string }) {
  const { integrations } = useSession();
  const load = useCallback(() => integrations.deliveries(webhook), [integrations, webhook]);
  const { found, error, attempt } = useAttempts(load, REFRESH_MS);
  const again = (one: Delivery) =>
    void attempt(() =>
      one.state === "dead"
        ? integrations.sendAgain(webhook, one.id)
        : integrations.sendFrom(webhook, one.room, one.cursor),
    );
  return (
    <Stack gap={4} data-testid="deliveries">
      <Failure text={error} />
      {found?.map((one) => (
        <DeliveryLine key={one.id} delivery={one} onAgain={() => again(one)} />
      ))}
      {found?.length === 0 && (
        <Text size="xs" c="dimmed">
          Nothing happened since it was made.
        </Text>
      )}
    </Stack>
  );
}

function DeliveryLine({ delivery, onAgain }: { delivery: Delivery; onAgain: () => void }) {
  const at = new Date(delivery.created_at).toLocaleString(undefined, {
    dateStyle: "short",
    timeStyle: "short",
  });
  const why = delivery.error === null ? "" : `: ${plain(delivery.error)}`;
  return (
    <Group gap="xs" wrap="nowrap" justify="space-between" data-delivery-state={delivery.state}>
      <Text size="xs" truncate title={plain(delivery.error ?? "")}>
        {at} {delivery.type}
        {why}
      </Text>
      <Group gap={4} wrap="nowrap" flex="0 0 auto">
        <Badge size="xs" variant="light" color={COLORS[delivery.state]}>
          {delivery.state}
        </Badge>
        {delivery.state !== "waiting" && (
          <Button size="compact-xs" variant="subtle" onClick={onAgain}>
            {delivery.state === "dead" ? "Send again" : "Send from here"}
          </Button>
        )}
      </Group>
    </Group>
  );
}
