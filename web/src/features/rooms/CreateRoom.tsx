import { Button, Modal, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import type { FormEvent } from "react";
import { newKey } from "@roomlog/client";
import { explain } from "../../session/explain";
import { useChat, useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { plain } from "../../shared/plain";
import { go, roomHref } from "../../shared/router";
import { openWorkspace } from "../../state/workspaces";

interface Props {
  opened: boolean;
  onClose: () => void;
  onCreated: () => void;
}

export function CreateRoom({ opened, onClose, onCreated }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="New room" centered>
      <CreateRoomForm
        onCreated={() => {
          onClose();
          onCreated();
        }}
      />
    </Modal>
  );
}

function CreateRoomForm({ onCreated }: { onCreated: () => void }) {
  const session = useSession();
  const workspace = useChat(openWorkspace);
  const [name, setName] = useState("");
  const [kind, setKind] = useState<"public" | "private">("public");
  // One key per body: pressing the button again after a timeout cannot make a second room.
  const [attempt, setAttempt] = useState({ body: "", key: "" });
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const body = `${kind}:${name.trim()}`;
    const key = attempt.body === body ? attempt.key : newKey();
    setAttempt({ body, key });
    setBusy(true);
    setError(null);
    try {
      go(roomHref(await session.rooms.create(name.trim(), kind, key)));
      onCreated();
    } catch (failure) {
      setError(explain(failure));
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <TextInput
          label="Room name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={80}
          required
          withAsterisk={false}
          data-autofocus
        />
        <SegmentedControl
          aria-label="Who may enter"
          value={kind}
          onChange={(value) => setKind(value === "private" ? "private" : "public")}
          data={[
            { value: "public", label: "Public" },
            { value: "private", label: "Private" },
          ]}
        />
        <Text size="sm" c="dimmed">
          {kind === "private" && "Only those who are invited see it."}
          {kind === "public" &&
            (workspace
              ? `Everybody in ${plain(workspace.name)} can find it and join; `
              : "Everybody can find it and join.")}
          {kind === "public" && workspace && "guests only when invited."}
        </Text>
        <Failure text={error} />
        <Button type="submit" loading={busy} disabled={name.trim() === ""}>
          Create room
        </Button>
      </Stack>
    </form>
  );
}
