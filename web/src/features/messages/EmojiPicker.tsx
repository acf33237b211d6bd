import { ActionIcon, SimpleGrid, TextInput } from "@mantine/core";
import { useState } from "react";
import type { FormEvent } from "react";
import { firstEmoji, PALETTE } from "./emoji";

/** A grid of the usual emoji, and a box for any other one. */
export function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }) {
  const [typed, setTyped] = useState("");
  const [error, setError] = useState<string | null>(null);

  function submit(event: FormEvent) {
    event.preventDefault();
    const emoji = firstEmoji(typed);
    if (emoji === null) setError("Type or paste an emoji.");
    else onPick(emoji);
  }

  return (
    <div role="group" aria-label="Pick a reaction">
      <SimpleGrid cols={8} spacing={2} verticalSpacing={2}>
        {PALETTE.map(([emoji, name], index) => (
          <ActionIcon
            key={emoji}
            variant="subtle"
            color="gray"
            size={32}
            aria-label={`${emoji} ${name}`}
            title={name}
            data-autofocus={index === 0 || undefined}
            onClick={() => onPick(emoji)}
          >
            <span style={{ fontSize: 18 }}>{emoji}</span>
          </ActionIcon>
        ))}
      </SimpleGrid>
      <form onSubmit={submit}>
        <TextInput
          mt={6}
          size="xs"
          aria-label="Any other emoji"
          placeholder="Any other emoji, then Enter"
          value={typed}
          error={error}
          onChange={(event) => (setTyped(event.currentTarget.value), setError(null))}
        />
      </form>
    </div>
  );
}
