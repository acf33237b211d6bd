import { CloseButton, Group, Indicator, Avatar, ScrollArea, Text, Title } from "@mantine/core";
import type { PresenceState } from "@roomlog/client";
import { useMemo } from "react";
import { useChat, useName } from "../../shared/context";
import type { RoomPresence } from "../../state/presence";
import classes from "./PresencePanel.module.css";

const EMPTY: RoomPresence = {};
/** A longer list is no list that anybody reads; the rest is counted. */
const SHOWN = 200;

interface Props {
  room: string;
  onClose: () => void;
}

/** Who is in the room right now. */
export function PresencePanel({ room, onClose }: Props) {
  const presence = useChat((state) => state.presence[room]) ?? EMPTY;
  const names = useChat((state) => state.names);
  const people = useMemo(() => sortPeople(presence, names), [presence, names]);
  return (
    <>
      <Group justify="space-between" px="md" pt="md" pb="xs">
        <Title order={2} size="xs" c="dimmed" tt="uppercase" lts={0.4}>
          Online · {people.length}
        </Title>
        <CloseButton hiddenFrom="md" aria-label="Hide people" onClick={onClose} />
      </Group>
      <ScrollArea flex={1} type="auto">
        <ul className={classes.list} data-testid="presence">
          {people.slice(0, SHOWN).map(([user, state]) => (
            <Person key={user} user={user} state={state} />
          ))}
        </ul>
        {people.length === 0 && (
          <Text size="sm" c="dimmed" px="md">
            Nobody is here right now.
          </Text>
        )}
        {people.length > SHOWN && (
          <Text size="sm" c="dimmed" px="md" pb="md">
            and {people.length - SHOWN} more
          </Text>
        )}
      </ScrollArea>
    </>
  );
}

function Person({ user, state }: { user: string; state: PresenceState }) {
  const name = useName(user);
  const me = useChat((chat) => chat.me);
  return (
    <li className={classes.person} data-user-id={user} data-state={state}>
      <Indicator
        size={10}
        offset={3}
        position="bottom-end"
        withBorder
        color={state === "online" ? "teal.6" : "yellow.6"}
      >
        <Avatar name={name} color="initials" size={28} aria-hidden />
      </Indicator>
      <span className={classes.name}>
        <bdi>{name}</bdi>
        {user === me && <span className={classes.note}> (you)</span>}
      </span>
      {state === "away" && <span className={classes.note}>away</span>}
    </li>
  );
}

function sortPeople(
  presence: RoomPresence,
  names: Readonly<Record<string, string>>,
): [string, PresenceState][] {
  const rank = (state: PresenceState) => (state === "online" ? 0 : 1);
  const name = (user: string) => names[user] ?? "\uffff";
  return Object.entries(presence).sort(
    ([a, stateA], [b, stateB]) =>
      rank(stateA) - rank(stateB) || name(a).localeCompare(name(b)) || a.localeCompare(b),
  );
}
