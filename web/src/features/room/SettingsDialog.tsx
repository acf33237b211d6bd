import { NativeSelect, Stack, Switch, TextInput, Textarea } from "@mantine/core";
import { useState } from "react";
import { useSession } from "../../shared/context";
import { FormDialog } from "../../shared/FormDialog";
import { LANGUAGES, SIMPLE } from "../../shared/languages";
import type { Room } from "../../state/rooms";

const LONGEST_NAME = 80;
const LONGEST_TOPIC = 300;

const SLOW_MODES: readonly [number, string][] = [
  [0, "Off"],
  [5, "5 seconds"],
  [10, "10 seconds"],
  [30, "30 seconds"],
  [60, "1 minute"],
  [300, "5 minutes"],
  [900, "15 minutes"],
  [3_600, "1 hour"],
  [21_600, "6 hours"],
];

/** The choices, and what holds now if that is none of them. */
function slowModes(now: number) {
  const isOne = SLOW_MODES.some(([seconds]) => seconds === now);
  const all = isOne ? SLOW_MODES : [...SLOW_MODES, [now, `${now} seconds`] as const];
  return all.map(([seconds, label]) => ({ value: String(seconds), label }));
}

/** The room's name, topic, language and settings, for owners and moderators. */
export function SettingsDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const { rooms } = useSession();
  const [name, setName] = useState(room.name);
  const [topic, setTopic] = useState(room.topic ?? "");
  const [language, setLanguage] = useState(room.language ?? SIMPLE);
  const [readOnly, setReadOnly] = useState(room.read_only);
  const [joined, setJoined] = useState(room.history === "joined");
  const [previews, setPreviews] = useState(room.link_previews !== false);
  const [archived, setArchived] = useState(room.archived);
  const [slow, setSlow] = useState(room.slow_mode_s);

  async function save() {
    const history = joined ? "joined" : "all";
    const hadPreviews = room.link_previews !== false;
    const isOther =
      readOnly !== room.read_only ||
      history !== room.history ||
      previews !== hadPreviews ||
      slow !== room.slow_mode_s;
    const settings = { read_only: readOnly, history, link_previews: previews, slow_mode_s: slow } as const;
    // Out of the archive first, into it last: an archived room takes no name.
    if (room.archived && !archived) await rooms.setSettings(room.id, { archived });
    if (isOther) await rooms.setSettings(room.id, settings);
    if (name.trim() !== room.name) await rooms.rename(room.id, name.trim());
    if (topic.trim() !== (room.topic ?? "")) await rooms.setTopic(room.id, topic.trim());
    if (language !== (room.language ?? SIMPLE)) await rooms.setLanguage(room.id, language);
    if (!room.archived && archived) await rooms.setSettings(room.id, { archived });
    onClose();
    return undefined;
  }

  return (
    <FormDialog
      title="Name and topic"
      action="Save"
      disabled={name.trim() === ""}
      onSubmit={save}
      onClose={onClose}
    >
      <TextInput
        label="Room name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={LONGEST_NAME}
        data-autofocus
      />
      <Textarea
        label="Topic"
        description="What the room is for; everybody sees it under the name."
        value={topic}
        onChange={(event) => setTopic(event.currentTarget.value)}
        maxLength={LONGEST_TOPIC}
        autosize
        maxRows={4}
      />
      <NativeSelect
        label="Language"
        description="Search finds other forms of a word in it: “running” for “run”."
        value={language}
        onChange={(event) => setLanguage(event.currentTarget.value)}
        data={LANGUAGES}
      />
      {room.kind !== "direct" && (
        <Stack gap="xs">
          <Switch
            label="Read-only"
            description="Only owners and moderators write; everybody may react."
            checked={readOnly}
            onChange={(event) => setReadOnly(event.currentTarget.checked)}
          />
          <Switch
            label="History from joining on"
            description="Members read what came since they joined."
            checked={joined}
            onChange={(event) => setJoined(event.currentTarget.checked)}
          />
          <NativeSelect
            label="Slow mode"
            description="How long members wait between two messages of theirs."
            value={slow}
            onChange={(event) => setSlow(Number(event.currentTarget.value))}
            data={slowModes(room.slow_mode_s)}
          />
          <Switch
            label="Link previews"
            description="What links lead to is shown under messages."
            checked={previews}
            onChange={(event) => setPreviews(event.currentTarget.checked)}
          />
          <Switch
            label="Archived"
            description="Nothing more is said in it, and it leaves the lists."
            checked={archived}
            onChange={(event) => setArchived(event.currentTarget.checked)}
          />
        </Stack>
      )}
    </FormDialog>
  );
}
