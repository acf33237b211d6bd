import { Alert, Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import type { FormEvent } from "react";
import { explain } from "../../session/explain";
import { useSession } from "../../shared/context";
import { go, roomHref } from "../../shared/router";
import { dayStart } from "../../shared/time";
import type { Room } from "../../state/rooms";

/** Goes to what was said in a room on a day, or next after it. */
export function JumpDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const session = useSession();
  const [day, setDay] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const start = dayStart(day);

  async function jump(event: FormEvent) {
    event.preventDefault();
    if (start === null) return;
    setBusy(true);
    setError(null);
    try {
      const message = await session.firstSince(room.id, start);
      if (message !== null) {
        onClose();
        go(roomHref(room.id, message));
        return;
      }
      setError("Nothing was said on that day or later.");
    } catch (failure) {
      setError(explain(failure));
    }
    setBusy(false);
  }

  return (
    <Modal
      opened
      onClose={onClose}
      title="Jump to a day"
      size="sm"
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={(event) => void jump(event)}>
        <Stack>
          <TextInput
            label="Day"
            type="date"
            value={day}
            onChange={(event) => setDay(event.currentTarget.value)}
            required
            withAsterisk={false}
            data-autofocus
          />
          {error !== null && (
            <Alert color="red" variant="light" role="alert">
              {error}
            </Alert>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={start === null}>
              Jump
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
