import { NativeSelect, Radio, Stack } from "@mantine/core";
import type { MuteLevel } from "@roomlog/client";
import { useState } from "react";
import { useSession } from "../../shared/context";
import { FormDialog } from "../../shared/FormDialog";
import { plain } from "../../shared/plain";
import type { Room } from "../../state/rooms";

const HOUR_MS = 3_600_000;
const FOR_EVER = "0";
const TIMES = [
  { value: FOR_EVER, label: "Until I unmute it" },
  { value: "1", label: "For an hour" },
  { value: "8", label: "For eight hours" },
  { value: "24", label: "For a day" },
  { value: "168", label: "For a week" },
];

/** How much the person still wants to hear of a room, and for how long. */
export function MuteDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const { notifications } = useSession();
  const [level, setLevel] = useState<MuteLevel>("nothing");
  const [hours, setHours] = useState(FOR_EVER);

  async function mute() {
    const until = hours === FOR_EVER ? null : new Date(Date.now() + Number(hours) * HOUR_MS);
    await notifications.mute(room.id, level, until);
    onClose();
    return undefined;
  }

  return (
    <FormDialog
      title={`Mute ${plain(room.name)}`}
      action="Mute"
      disabled={false}
      onSubmit={mute}
      onClose={onClose}
    >
      <Radio.Group label="What you still hear of it" value={level} onChange={(value) => setLevel(value)}>
        <Stack gap="xs" mt="xs">
          <Radio value="nothing" label="Nothing" />
          <Radio value="mentions" label="Mentions of you" />
        </Stack>
      </Radio.Group>
      <NativeSelect
        label="How long"
        value={hours}
        onChange={(event) => setHours(event.currentTarget.value)}
        data={TIMES}
      />
    </FormDialog>
  );
}
