import { Group, NavLink, Popover, TextInput } from "@mantine/core";
import { Chip } from "./Chip";
import { PERIODS, whenLabel } from "./filters";
import type { Filters, Period } from "./filters";

interface Props {
  when: Filters["when"];
  onChange: (when: Filters["when"]) => void;
  choosing: boolean;
  onChoosing: (choosing: boolean) => void;
}

/** When it was said: some time that ends now, or days of the calendar. */
export function WhenChip({ when, onChange, choosing, onChoosing }: Props) {
  const days = when !== null && typeof when === "object" ? when : { since: "", until: "" };
  const setDays = (change: Partial<typeof days>) => {
    const { since, until } = { ...days, ...change };
    onChange(since || until ? { since, until } : null);
  };
  return (
    <Popover opened={choosing} onChange={onChoosing} trapFocus position="bottom-start" shadow="md">
      <Popover.Target>
        <span>
          <Chip on={when !== null} onToggle={() => (when === null ? onChoosing(true) : onChange(null))}>
            {when === null ? "Any time" : whenLabel(when)}
          </Chip>
        </span>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        {(Object.keys(PERIODS) as Period[]).map((period) => (
          <NavLink
            key={period}
            component="button"
            label={PERIODS[period]}
            active={when === period}
            py={4}
            onClick={() => {
              onChange(period);
              onChoosing(false);
            }}
          />
        ))}
        <Group gap="xs" mt="xs" wrap="nowrap">
          <TextInput
            label="From"
            type="date"
            size="xs"
            value={days.since}
            onChange={(event) => setDays({ since: event.currentTarget.value })}
          />
          <TextInput
            label="To"
            type="date"
            size="xs"
            value={days.until}
            onChange={(event) => setDays({ until: event.currentTarget.value })}
          />
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}
