import { Alert, Button, Modal, ScrollArea, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import { explain } from "../../session/explain";
import { useChat, useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { plain } from "../../shared/plain";
import { ROLES } from "../../state/members";
import type { MemberRole, Members } from "../../state/members";
import type { Room } from "../../state/rooms";
import { MemberMenu } from "./MemberMenu";
import { PersonLine } from "./PersonLine";
import classes from "./people.module.css";

/** A longer list is no list that anybody reads: a part of a name finds the others. */
const SHOWN = 100;
const RANKS: readonly MemberRole[] = [...ROLES, "bot"];

/** Everybody who is in the room, as what, and what one may do about it. */
export function MembersDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const members = useChat((state) => state.members[room.id]);
  const [query, setQuery] = useState("");
  const { error, load } = useFreshMembers(room.id);
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Members of ${plain(room.name)}`}
      scrollAreaComponent={ScrollArea.Autosize}
    >
      <Stack gap="sm">
        <TextInput
          aria-label="Search members"
          placeholder="Search members"
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
          leftSection={<Icon name="search" size={16} />}
          type="search"
        />
        {error !== null && (
          <Alert color="red" variant="light" role="alert">
            {error}{" "}
            <Button size="compact-xs" variant="light" onClick={load}>
              Try again
            </Button>
          </Alert>
        )}
        {members === undefined && error === null && <Skeleton height={180} aria-label="Loading" />}
        {members && <MemberList room={room} members={members} query={query} />}
      </Stack>
    </Modal>
  );
}

function MemberList({ room, members, query }: { room: Room; members: Members; query: string }) {
  const me = useChat((state) => state.me);
  const names = useChat((state) => state.names);
  const found = useMemo(() => sorted(members, names, query), [members, names, query]);
  return (
    <>
      <ul className={classes.list} data-testid="members">
        {found.slice(0, SHOWN).map((user) => (
          <PersonLine key={user} user={user} role={members[user]}>
            {user !== me && members[user] !== "bot" && (
              <MemberMenu room={room} members={members} user={user} />
            )}
          </PersonLine>
        ))}
      </ul>
      {found.length === 0 && (
        <Text size="sm" c="dimmed">
          No member has such a name.
        </Text>
      )}
      {found.length > SHOWN && (
        <Text size="sm" c="dimmed">
          and {found.length - SHOWN} more
        </Text>
      )}
    </>
  );
}

/** What is known is shown at once, and asked for again: the list may be older than the dialog. */
function useFreshMembers(room: string) {
  const { rooms } = useSession();
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    rooms.loadMembers(room).catch((failure: unknown) => setError(explain(failure)));
  }, [rooms, room]);
  const load = () => {
    setError(null);
    rooms.loadMembers(room).catch((failure: unknown) => setError(explain(failure)));
  };
  return { error, load };
}

function sorted(members: Members, names: Readonly<Record<string, string>>, query: string): string[] {
  const wanted = query.trim().toLocaleLowerCase();
  const name = (user: string) => names[user] ?? "";
  const rank = (user: string) => RANKS.indexOf(members[user] ?? "member");
  return Object.keys(members)
    .filter((user) => name(user).toLocaleLowerCase().includes(wanted))
    .sort((a, b) => rank(a) - rank(b) || name(a).localeCompare(name(b)) || a.localeCompare(b));
}
