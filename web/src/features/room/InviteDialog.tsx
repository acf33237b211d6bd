import { Button, Loader, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import type { User } from "../../api/chat";
import { explain } from "../../session/explain";
import { useChat, useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { plain } from "../../shared/plain";
import type { Members } from "../../state/members";
import type { Room } from "../../state/rooms";
import { PersonLine } from "./PersonLine";
import { usePeopleSearch } from "./usePeopleSearch";
import classes from "./people.module.css";

const NOBODY: Members = {};

/** Find people and bring them into the room. */
export function InviteDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const [query, setQuery] = useState("");
  const { people, state, error } = usePeopleSearch(query);
  return (
    <Modal opened onClose={onClose} title={`Invite people to ${plain(room.name)}`}>
      <Stack gap="sm">
        <TextInput
          aria-label="Search people"
          placeholder="Search people by name"
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
          leftSection={<Icon name="search" size={16} />}
          rightSection={state === "loading" ? <Loader size={16} aria-label="Searching" /> : undefined}
          type="search"
          data-autofocus
        />
        <ul className={classes.list} style={{ minHeight: 220 }}>
          {people.map((person) => (
            <Candidate key={person.id} room={room.id} person={person} />
          ))}
          {state === "ready" && people.length === 0 && (
            <Text size="sm" c="dimmed" p="sm" component="li">
              Nobody has such a name. Whoever has no account yet can sign up and join by the room’s address.
            </Text>
          )}
          {error !== null && (
            <Text size="sm" c="red" p="sm" component="li" role="alert">
              {error}
            </Text>
          )}
        </ul>
      </Stack>
    </Modal>
  );
}

function Candidate({ room, person }: { room: string; person: User }) {
  const { rooms } = useSession();
  const isMember = useChat((state) => person.id in (state.members[room] ?? NOBODY));
  const [invited, setInvited] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function invite() {
    setBusy(true);
    setError(null);
    try {
      await rooms.invite(room, person.id);
      setInvited(true);
    } catch (failure) {
      setError(explain(failure));
    }
    setBusy(false);
  }

  return (
    <PersonLine user={person.id} note={error} isError>
      {isMember || invited ? (
        <Text size="xs" c="dimmed" px="xs">
          {invited ? "Invited" : "Is a member"}
        </Text>
      ) : (
        <Button
          size="compact-sm"
          variant="light"
          loading={busy}
          onClick={() => void invite()}
          aria-label={`Invite ${plain(person.name)}`}
        >
          Invite
        </Button>
      )}
    </PersonLine>
  );
}
