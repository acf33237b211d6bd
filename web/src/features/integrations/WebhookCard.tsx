import { Badge, Button, Group, Paper, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { Webhook } from "../../api/integrations";
import { useSession } from "../../shared/context";
import { plain } from "../../shared/plain";
import { Deliveries } from "./Deliveries";

interface Props {
  webhook: Webhook;
  attempt: (work: () => Promise<unknown>) => Promise<void>;
  onSecret: (secret: string) => void;
}

/** One webhook: where it leads, how that goes, and what can be done about it. */
export function WebhookCard({ webhook, attempt, onSecret }: Props) {
  const { integrations } = useSession();
  const [open, setOpen] = useState(false);
  const isPaused = webhook.state === "paused";
  const rotate = async () => onSecret((await integrations.rotateWebhook(webhook.id)).secret);
  return (
    <Paper withBorder p="xs" data-webhook-id={webhook.id}>
      <Stack gap={6}>
        <Group gap="xs" wrap="nowrap" justify="space-between">
          <Text size="sm" truncate title={plain(webhook.url)}>
            <bdi>{plain(webhook.url)}</bdi>
          </Text>
          <Badge size="sm" variant="light" color={isPaused ? "orange" : "teal"} flex="0 0 auto">
            {webhook.state}
          </Badge>
        </Group>
        <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {told(webhook)}
        </Text>
        <Group gap={4}>
          <Action onClick={() => setOpen(!open)}>{open ? "Hide deliveries" : "Deliveries"}</Action>
          <Action onClick={() => void attempt(() => integrations.pause(webhook.id, !isPaused))}>
            {isPaused ? "Resume" : "Pause"}
          </Action>
          <Action onClick={() => void attempt(rotate)}>New secret</Action>
          <Action color="red" onClick={() => void attempt(() => integrations.removeWebhook(webhook.id))}>
            Delete
          </Action>
        </Group>
        {open && <Deliveries webhook={webhook.id} />}
      </Stack>
    </Paper>
  );
}

interface ActionProps {
  color?: string;
  onClick: () => void;
  children: string;
}

function Action({ color, onClick, children }: ActionProps) {
  return (
    <Button size="compact-xs" variant="light" color={color} onClick={onClick}>
      {children}
    </Button>
  );
}

function told(webhook: Webhook): string {
  const what = webhook.types.length === 0 ? "everything" : webhook.types.join(", ");
  const parts = [`Sends ${what}.`];
  if (webhook.state === "paused") parts.push(`Paused: ${plain(webhook.reason ?? "by somebody")}.`);
  if (webhook.waiting > 0 || webhook.behind) {
    parts.push(webhook.behind ? `${webhook.waiting} and more wait.` : `${webhook.waiting} wait.`);
  }
  if (webhook.dead > 0) parts.push(`${webhook.dead} given up.`);
  if (webhook.state === "paused") return parts.join(" ");
  if (webhook.last_error !== null) parts.push(`Last: ${plain(webhook.last_error)}.`);
  else if (webhook.last_status !== null) parts.push(`Last answered ${webhook.last_status}.`);
  return parts.join(" ");
}
