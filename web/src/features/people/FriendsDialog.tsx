import { Badge, Button, Group, Modal, ScrollArea, Stack, Tabs, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import type { ReactNode } from "react";
import { complain } from "../../session/complain";
import { explain } from "../../session/explain";
import { useChat, useName, useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { go, roomHref } from "../../shared/router";
import { usersWho } from "../../state/people";
import { PersonLine } from "../room/PersonLine";
import classes from "../room/people.module.css";

type States = Readonly<Record<string, string>>;

/** One's friends and whether they are here, the requests that wait, and whom one has blocked. */
export function FriendsDialog({ onClose }: { onClose: () => void }) {
  const people = useChat((state) => state.people);
  const { error, states } = useFresh();
  const asked = usersWho(people, "asked");
  const requested = usersWho(people, "requested");
  return (
    <Modal opened onClose={onClose} title="Friends" scrollAreaComponent={ScrollArea.Autosize}>
      <Tabs defaultValue={asked.length > 0 ? "requests" : "friends"} keepMounted={false}>
        <Tabs.List grow mb="sm">
          <Tabs.Tab value="friends">Friends</Tabs.Tab>
          <Tabs.Tab
            value="requests"
            rightSection={asked.length > 0 && <Badge size="sm">{asked.length}</Badge>}
          >
            Requests
          </Tabs.Tab>
          <Tabs.Tab value="blocked">Blocked</Tabs.Tab>
        </Tabs.List>
        <Failure text={error} mb="sm" />
        <Tabs.Panel value="friends">
          <List empty="No friends yet. Ask somebody in the menu of a member of a room.">
            {usersWho(people, "friends").map((user) => (
              <Friend key={user} user={user} state={states[user] ?? "offline"} onWritten={onClose} />
            ))}
          </List>
        </Tabs.Panel>
        <Tabs.Panel value="requests">
          <List empty="No request waits.">
            {[
              ...asked.map((user) => <Asked key={user} user={user} />),
              ...requested.map((user) => (
                <One key={user} user={user} note="You asked" action="Take back" act="part" />
              )),
            ]}
          </List>
        </Tabs.Panel>
        <Tabs.Panel value="blocked">
          <List empty="You have blocked nobody.">
            {Object.keys(people.blocked).map((user) => (
              <One key={user} user={user} note={null} action="Unblock" act="unblock" />
            ))}
          </List>
        </Tabs.Panel>
      </Tabs>
    </Modal>
  );
}

function List({ children, empty }: { children: ReactNode[]; empty: string }) {
  if (children.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {empty}
      </Text>
    );
  return (
    <Stack gap={0} component="ul" className={classes.list} data-testid="people">
      {children}
    </Stack>
  );
}

interface FriendProps {
  user: string;
  state: string;
  onWritten: () => void;
}

function Friend({ user, state, onWritten }: FriendProps) {
  const { rooms, store } = useSession();
  const name = useName(user);
  const write = () =>
    void rooms.direct(user).then(
      (room) => (go(roomHref(room)), onWritten()),
      (error: unknown) => complain(store, `No conversation with ${name}`, error),
    );
  return (
    <PersonLine user={user} note={state}>
      <Button size="compact-sm" variant="light" onClick={write}>
        Write
      </Button>
    </PersonLine>
  );
}

function Asked({ user }: { user: string }) {
  const { busy, run } = useAct(user);
  return (
    <PersonLine user={user} note="Asks to be friends">
      <Group gap={6} wrap="nowrap">
        <Button size="compact-sm" loading={busy} onClick={() => run("ask")}>
          Accept
        </Button>
        <Button size="compact-sm" variant="default" disabled={busy} onClick={() => run("part")}>
          Decline
        </Button>
      </Group>
    </PersonLine>
  );
}

interface OneProps {
  user: string;
  note: string | null;
  action: string;
  act: "part" | "unblock";
}

function One({ user, note, action, act }: OneProps) {
  const { busy, run } = useAct(user);
  return (
    <PersonLine user={user} note={note}>
      <Button size="compact-sm" variant="default" loading={busy} onClick={() => run(act)}>
        {action}
      </Button>
    </PersonLine>
  );
}

function useAct(user: string) {
  const { people, store } = useSession();
  const name = useName(user);
  const [busy, setBusy] = useState(false);
  const run = (act: "ask" | "part" | "unblock") => {
    setBusy(true);
    people[act](user).catch((error: unknown) => {
      complain(store, `Nothing changed between you and ${name}`, error);
      setBusy(false);
    });
  };
  return { busy, run };
}

/** Load the lists anew, and who of one's friends is here. */
function useFresh() {
  const { people, store } = useSession();
  const [error, setError] = useState<string | null>(null);
  const [states, setStates] = useState<States>({});
  useEffect(() => {
    const load = async () => {
      await people.load();
      const found = await people.presence(usersWho(store.get().people, "friends"));
      setStates(Object.fromEntries(found.map(({ user, state }) => [user, state])));
    };
    load().catch((failure: unknown) => setError(explain(failure)));
  }, [people, store]);
  return { error, states };
}
