import { Button, Group, Stack, Text } from "@mantine/core";
import { useCallback, useState } from "react";
import { idOf } from "../../api/moderation";
import type { AuditEntry, Place } from "../../api/moderation";
import { complain } from "../../session/complain";
import { useChat, useSession } from "../../shared/context";
import { plain } from "../../shared/plain";
import { clock, fullTime } from "../../shared/time";
import { UserName } from "../../shared/UserName";
import { Part } from "./Part";
import { useLoaded } from "../../shared/useLoaded";

const DONE: Readonly<Record<string, string>> = {
  RoomCreated: "created it",
  RoomRenamed: "renamed it to",
  RoomTopicChanged: "changed the topic",
  RoomLanguageChanged: "changed the language",
  RoomSettingsChanged: "changed the settings",
  InviteCreated: "made an invite",
  InviteRevoked: "ended an invite",
  HookCreated: "made a hook",
  HookRotated: "gave a hook another token",
  HookRevoked: "ended a hook",
  MessageRestored: "took a deletion back",
  MessagePinned: "pinned a message",
  MessageUnpinned: "unpinned a message",
  MemberInvited: "brought in",
  MemberRemoved: "removed",
  MemberRoleChanged: "changed the role of",
  MemberMuted: "muted",
  MemberUnmuted: "unmuted",
  MemberUnbanned: "unbanned",
  MessageDeleted: "deleted a message",
  MessageReported: "reported a message",
  MessageFlagged: "wrote words that are looked for",
  ReportResolved: "resolved a report",
  WordFilterChanged: "changed the words that are looked for",
};

/** Who did what, when, and where in the log that stands. */
export function AuditLog({ place }: { place: Place }) {
  const { moderation, store } = useSession();
  const [older, setOlder] = useState<readonly AuditEntry[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const fetch = useCallback(
    () => moderation.audit(place).then((page) => (setNext(page.next), page.items)),
    [moderation, place],
  );
  const { found, error } = useLoaded(fetch);

  const more = () =>
    void moderation.audit(place, next).then(
      (page) => (setOlder((before) => [...before, ...page.items]), setNext(page.next)),
      (failure: unknown) => complain(store, "The older entries did not come", failure),
    );

  return (
    <Part isLoaded={found !== null} error={error} isEmpty={found?.length === 0} empty="Nothing was done yet.">
      <Stack gap={6} data-testid="audit">
        {[...(found ?? []), ...older].map((entry) => (
          <Line key={entry.room + entry.cursor} entry={entry} here={entry.room === idOf(place)} />
        ))}
      </Stack>
      {next !== null && (
        <Button variant="default" onClick={more}>
          Older
        </Button>
      )}
    </Part>
  );
}

function Line({ entry, here }: { entry: AuditEntry; here: boolean }) {
  const room = useChat((state) => state.rooms[entry.room]?.name);
  const at = Date.parse(entry.ts);
  const { user_id: user } = entry.d;
  const detail = detailOf(entry);
  return (
    <Group gap="xs" wrap="nowrap" align="baseline" justify="space-between">
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        <UserName user={entry.actor} />{" "}
        {entry.d.banned === true ? "banned" : (DONE[entry.type] ?? entry.type)}
        {typeof user === "string" && (
          <>
            {" "}
            <UserName user={user} />
          </>
        )}
        {!here && (
          <Text span c="dimmed">
            {" in "}
            <bdi>{plain(room ?? "a room")}</bdi>
          </Text>
        )}
        {detail !== "" && (
          <Text span c="dimmed">
            {" "}
            <bdi>{plain(detail)}</bdi>
          </Text>
        )}
      </Text>
      <Text size="xs" c="dimmed" title={`${fullTime(at)}, ${entry.cursor}`} style={{ whiteSpace: "nowrap" }}>
        {clock(at)} · {entry.cursor}
      </Text>
    </Group>
  );
}

/** What is worth a look of the rest of the fact. */
function detailOf({ d }: AuditEntry): string {
  const parts = [d.name, d.topic, d.role, d.words, d.action, d.outcome, d.reason, d.note];
  return parts.filter((part) => typeof part === "string" && part !== "").join(", ");
}
