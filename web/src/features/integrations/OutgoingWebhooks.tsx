import { Button, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useCallback, useState } from "react";
import type { FormEvent } from "react";
import { useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { Secret } from "./Secret";
import { useAttempts } from "./useAttempts";
import { WebhookCard } from "./WebhookCard";

const REFRESH_MS = 5_000;
const CHOICES: Readonly<Record<string, string[]>> = {
  "New messages": ["MessagePosted"],
  "Messages, their edits and deletions": ["MessagePosted", "MessageEdited", "MessageDeleted"],
  Everything: [],
};
const FIRST = "New messages";

/** Addresses of other systems that events of a room or workspace are sent to. */
export function OutgoingWebhooks({ place }: { place: string }) {
  const { integrations } = useSession();
  const load = useCallback(() => integrations.webhooks(place), [integrations, place]);
  const { found, busy, error, attempt } = useAttempts(load, REFRESH_MS);
  const [url, setUrl] = useState("");
  const [choice, setChoice] = useState(FIRST);
  const [secret, setSecret] = useState<string | null>(null);

  function make(event: FormEvent) {
    event.preventDefault();
    void attempt(async () => {
      const made = await integrations.makeWebhook(place, url.trim(), CHOICES[choice] ?? []);
      setSecret(made.secret);
      setUrl("");
    });
  }

  return (
    <Stack gap="sm">
      <form onSubmit={make}>
        <Stack gap="xs">
          <TextInput
            type="url"
            label="Send to this address"
            placeholder="https://ci.example.org/roomlog"
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
          <NativeSelect
            label="What"
            value={choice}
            onChange={(event) => setChoice(event.currentTarget.value)}
            data={Object.keys(CHOICES)}
          />
          <Button type="submit" loading={busy} disabled={url.trim() === ""}>
            Create webhook
          </Button>
        </Stack>
      </form>
      {secret !== null && <Secret key={secret} label="Secret that signs what is sent" value={secret} />}
      <Failure text={error} />
      {found?.map((webhook) => (
        <WebhookCard key={webhook.id} webhook={webhook} attempt={attempt} onSecret={setSecret} />
      ))}
      {found?.length === 0 && (
        <Text size="sm" c="dimmed">
          Nothing is sent to other systems yet.
        </Text>
      )}
    </Stack>
  );
}
