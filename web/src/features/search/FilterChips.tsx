import { Group } from "@mantine/core";
import { useChat } from "../../shared/context";
import { plain } from "../../shared/plain";
import { Chip } from "./Chip";
import type { Filters } from "./filters";
import { FromChip } from "./FromChip";
import { WhenChip } from "./WhenChip";

/** A filter that is being chosen, in a box of its own. */
export type Choosing = "from" | "when" | null;

interface Props {
  filters: Filters;
  /** The room on the screen, which a search can be limited to. */
  openRoom: string | null;
  onChange: (change: Partial<Filters>) => void;
  choosing: Choosing;
  onChoosing: (choosing: Choosing) => void;
}

/** Everything that a search can be narrowed down by; what is set is filled. */
export function FilterChips({ filters, openRoom, onChange, choosing, onChoosing }: Props) {
  const open = useChat((state) => (openRoom === null ? undefined : state.rooms[openRoom]));
  const here = filters.room ?? (open?.is_member ? { id: open.id, name: open.name } : null);
  return (
    <Group gap={6} px="md" pb="sm" role="group" aria-label="Filters">
      {here && (
        <Chip on={filters.room !== null} onToggle={(on) => onChange({ room: on ? here : null })}>
          In <bdi>{plain(here.name)}</bdi>
        </Chip>
      )}
      <FromChip
        from={filters.from}
        onChange={(from) => onChange({ from })}
        choosing={choosing === "from"}
        onChoosing={(on) => onChoosing(on ? "from" : null)}
      />
      <WhenChip
        when={filters.when}
        onChange={(when) => onChange({ when })}
        choosing={choosing === "when"}
        onChoosing={(on) => onChoosing(on ? "when" : null)}
      />
      <Chip on={filters.has === "link"} onToggle={(on) => onChange({ has: on ? "link" : null })}>
        Has a link
      </Chip>
      <Chip on={filters.has === "file"} onToggle={(on) => onChange({ has: on ? "file" : null })}>
        Has a file
      </Chip>
      <Chip
        on={filters.sort === "relevance"}
        onToggle={(on) => onChange({ sort: on ? "relevance" : "newest" })}
      >
        Best match first
      </Chip>
    </Group>
  );
}
