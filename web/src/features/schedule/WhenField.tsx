import { Button, Group, Stack, TextInput } from "@mantine/core";
import { asField, suggestions } from "../../shared/schedule";

interface Props {
  /** As a field of type `datetime-local` has it. */
  value: string;
  onChange: (value: string) => void;
}

/** Chooses a time to come. */
export function WhenField({ value, onChange }: Props) {
  const now = new Date();
  return (
    <Stack gap="xs">
      <Group gap={6}>
        {suggestions(now).map(({ name, at }) => (
          <Button key={name} size="compact-sm" variant="default" onClick={() => onChange(asField(at))}>
            {name}
          </Button>
        ))}
      </Group>
      <TextInput
        label="When"
        type="datetime-local"
        value={value}
        min={asField(now)}
        onChange={(event) => onChange(event.currentTarget.value)}
        required
        withAsterisk={false}
      />
    </Stack>
  );
}
