import { Button, Group, Menu, Paper, Stack, Text } from "@mantine/core";
import { useCallback } from "react";
import { idOf } from "../../api/moderation";
import type { Outcome, Place, ReportedMessage } from "../../api/moderation";
import { useChat, useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { plain } from "../../shared/plain";
import { clock, fullTime } from "../../shared/time";
import { UserName } from "../../shared/UserName";
import { Part } from "./Part";
import { useLoaded } from "../../shared/useLoaded";

const MORE: readonly [Outcome, string][] = [
  ["muted", "Mute the author"],
  ["removed", "Remove the author"],
  ["banned", "Ban the author"],
];

/** The messages that wait for a moderator, and what can be done about each. */
export function Reports({ place }: { place: Place }) {
  const { moderation } = useSession();
  const fetch = useCallback(() => moderation.queue(place), [moderation, place]);
  const { found, error, change } = useLoaded(fetch);
  const resolve = (item: ReportedMessage, outcome: Outcome) => void change(moderation.resolve(item, outcome));
  return (
    <Part isLoaded={found !== null} error={error} isEmpty={found?.length === 0} empty="Nothing was reported.">
      <Stack gap="sm" data-testid="reports">
        {found?.map((item) => (
          <Reported
            key={item.id}
            item={item}
            withRoom={item.room !== idOf(place)}
            onResolve={(outcome) => resolve(item, outcome)}
          />
        ))}
      </Stack>
    </Part>
  );
}

interface Props {
  item: ReportedMessage;
  /** Say in which room it is. */
  withRoom: boolean;
  onResolve: (outcome: Outcome) => void;
}

function Reported({ item, withRoom, onResolve }: Props) {
  const room = useChat((state) => state.rooms[item.room]?.name) ?? "a room";
  const at = Date.parse(item.ts);
  const isGone = item.deleted_at !== null;
  return (
    <Paper withBorder p="sm" data-event-id={item.id}>
      <Text size="sm" fw={600} title={fullTime(at)}>
        <UserName user={item.sender} />{" "}
        <Text span size="xs" c="dimmed">
          {clock(at)}
          {withRoom && (
            <>
              {" in "}
              <bdi>{plain(room)}</bdi>
            </>
          )}
        </Text>
      </Text>
      <Text size="sm" fs={isGone ? "italic" : undefined} style={{ overflowWrap: "anywhere" }}>
        {isGone ? "This was deleted." : <bdi>{plain(item.text ?? "")}</bdi>}
      </Text>
      <Stack gap={2} my="xs">
        {item.reports.map((report) => (
          <Text key={report.user} size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {report.is_flag ? "Words: " : <UserName user={report.user} />}
            {!report.is_flag && ": "}
            <bdi>{plain(report.reason)}</bdi>
          </Text>
        ))}
      </Stack>
      <Group gap="xs">
        <Button size="compact-sm" variant="default" onClick={() => onResolve("dismissed")}>
          Dismiss
        </Button>
        {!isGone && (
          <Button size="compact-sm" color="red" variant="light" onClick={() => onResolve("deleted")}>
            Delete
          </Button>
        )}
        <Menu withinPortal>
          <Menu.Target>
            <Button size="compact-sm" variant="subtle" color="gray" rightSection={<Icon name="more" />}>
              More
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {MORE.map(([outcome, label]) => (
              <Menu.Item key={outcome} color="red" onClick={() => onResolve(outcome)}>
                {label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </Group>
    </Paper>
  );
}
