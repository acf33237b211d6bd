import { Loader, NavLink, Popover, ScrollArea, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useChat } from "../../shared/context";
import { plain } from "../../shared/plain";
import { usePeopleSearch } from "../room/usePeopleSearch";
import { Chip } from "./Chip";
import type { Filters } from "./filters";

interface Props {
  from: Filters["from"];
  onChange: (from: Filters["from"]) => void;
  choosing: boolean;
  onChoosing: (choosing: boolean) => void;
}

/** Whose messages are wanted. */
export function FromChip({ from, onChange, choosing, onChoosing }: Props) {
  if (from !== null) {
    return (
      <Chip on onToggle={() => onChange(null)}>
        From <bdi>{plain(from.name)}</bdi>
      </Chip>
    );
  }
  return (
    <Popover
      opened={choosing}
      onChange={onChoosing}
      trapFocus
      position="bottom-start"
      width={260}
      shadow="md"
    >
      <Popover.Target>
        <span>
          <Chip on={false} onToggle={() => onChoosing(!choosing)}>
            From…
          </Chip>
        </span>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <People
          onChoose={(person) => {
            onChoosing(false);
            onChange(person);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function People({ onChoose }: { onChoose: (person: { id: string; name: string }) => void }) {
  const [query, setQuery] = useState("");
  const me = useChat((state) => state.me);
  const { people, state, error } = usePeopleSearch(query);
  return (
    <>
      <TextInput
        aria-label="Whose messages"
        placeholder="Name"
        size="sm"
        value={query}
        onChange={(event) => setQuery(event.currentTarget.value)}
        data-autofocus
      />
      <ScrollArea.Autosize mah={220} mt={6} type="auto">
        {people.map((person) => (
          <NavLink
            key={person.id}
            component="button"
            label={<bdi>{person.id === me ? `${plain(person.name)} (you)` : plain(person.name)}</bdi>}
            onClick={() => onChoose(person)}
            py={4}
          />
        ))}
        {state === "loading" && <Loader size="xs" m="xs" aria-label="Searching" />}
        {state === "ready" && people.length === 0 && (
          <Text size="sm" c="dimmed" p="xs">
            Nobody is called so.
          </Text>
        )}
        {error !== null && (
          <Text size="sm" c="red" p="xs" role="alert">
            {error}
          </Text>
        )}
      </ScrollArea.Autosize>
    </>
  );
}
