import { ActionIcon, Button, Group, NativeSelect, Text, TextInput } from "@mantine/core";
import { useCallback, useState } from "react";
import type { FormEvent } from "react";
import type { FilterAction, Place } from "../../api/moderation";
import { useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { plain } from "../../shared/plain";
import { Part } from "./Part";
import { useLoaded } from "../../shared/useLoaded";

const LABELS: Readonly<Record<FilterAction, string>> = {
  refuse: "Refuse the message",
  mask: "Mask the words",
  flag: "Tell moderators",
};
const ACTIONS = Object.entries(LABELS).map(([value, label]) => ({ value, label }));

/** What becomes of messages with certain words. */
export function Words({ place }: { place: Place }) {
  const { moderation } = useSession();
  const [words, setWords] = useState("");
  const [action, setAction] = useState<FilterAction>("mask");
  const fetch = useCallback((after: string | null) => moderation.holds(place, after), [moderation, place]);
  const { found, error, change } = useLoaded(fetch);

  function add(event: FormEvent) {
    event.preventDefault();
    void change(moderation.filter(place, words, action).then((cursor) => (setWords(""), cursor)));
  }

  return (
    <Part
      isLoaded={found !== null}
      error={error}
      isEmpty={found?.filters.length === 0}
      empty="No words are looked for."
    >
      <form onSubmit={add}>
        <Group gap="xs" align="flex-end">
          <TextInput
            label="Words"
            description="One to four; case and accents make no difference."
            value={words}
            onChange={(event) => setWords(event.currentTarget.value)}
            maxLength={100}
            flex="1 1 180px"
          />
          <NativeSelect
            aria-label="What happens"
            value={action}
            onChange={(event) => setAction(event.currentTarget.value as FilterAction)}
            data={ACTIONS}
          />
          <Button type="submit" disabled={words.trim() === ""}>
            Add
          </Button>
        </Group>
      </form>
      <div data-testid="words">
        {found?.filters.map((filter) => (
          <Group key={filter.words} gap="xs" wrap="nowrap" justify="space-between" py={4}>
            <Text size="sm" truncate>
              <bdi>{plain(filter.words)}</bdi>{" "}
              <Text span size="xs" c="dimmed">
                {LABELS[filter.action]}
              </Text>
            </Text>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Remove ${plain(filter.words)}`}
              onClick={() => void change(moderation.filter(place, filter.words, null))}
            >
              <Icon name="trash" />
            </ActionIcon>
          </Group>
        ))}
      </div>
    </Part>
  );
}
