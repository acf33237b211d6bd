import { Button, Group, Text, Textarea } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { KeyboardEvent } from "react";
import { useSession } from "../../shared/context";
import { LONGEST, lengthOf } from "../../shared/limits";
import type { MessageItem } from "../../state/timeline";
import { useRowActions } from "./actions";

/** A message's text in a box in its place: Enter saves, Escape cancels, nothing left means deleting it. */
export function EditBox({ item }: { item: MessageItem }) {
  const { changes } = useSession();
  const { room, edit, remove } = useRowActions();
  const [text, setText] = useState(() => changes.unsavedTexts.get(item.id) ?? item.text);
  const box = useRef<HTMLTextAreaElement>(null);
  const surplus = lengthOf(text) - LONGEST;

  useEffect(() => {
    box.current?.focus();
    box.current?.setSelectionRange(box.current.value.length, box.current.value.length);
  }, []);

  function write(next: string) {
    setText(next);
    changes.unsavedTexts.set(item.id, next);
  }

  function cancel() {
    changes.unsavedTexts.delete(item.id);
    edit(null);
  }

  function save() {
    if (surplus > 0) return;
    if (text.trim() === item.text) return cancel();
    if (text.trim() === "") return remove(item);
    edit(null);
    void changes.edit(room, item.id, text.trim());
  }

  function onKeyDown(event: KeyboardEvent) {
    // While an input method composes, the keys belong to it.
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") cancel();
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    save();
  }

  return (
    <div data-editing={item.id}>
      <Textarea
        ref={box}
        aria-label="Edit the message"
        value={text}
        onChange={(event) => write(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        autosize
        minRows={1}
        maxRows={10}
        error={surplus > 0 && `${surplus} characters too long: shorten it.`}
        dir="auto"
      />
      <Group gap="xs" py={4}>
        <Button size="compact-xs" disabled={surplus > 0} onClick={save}>
          Save
        </Button>
        <Button size="compact-xs" variant="subtle" color="gray" onClick={cancel}>
          Cancel
        </Button>
        <Text size="xs" c="dimmed" visibleFrom="sm">
          Enter saves, Escape cancels
        </Text>
      </Group>
    </div>
  );
}
