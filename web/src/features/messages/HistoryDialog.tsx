import { Loader, Modal, Stack, Text } from "@mantine/core";
import { useCallback } from "react";
import { useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { plain } from "../../shared/plain";
import { fullTime } from "../../shared/time";
import { useLoaded } from "../../shared/useLoaded";
import { UserName } from "../../shared/UserName";

interface Props {
  room: string;
  message: string;
  onClose: () => void;
}

/** Every text that a message had, the one that it has first. */
export function HistoryDialog({ room, message, onClose }: Props) {
  const session = useSession();
  const fetch = useCallback(() => session.threads.history(room, message), [session, room, message]);
  const { found: texts, error } = useLoaded(fetch);

  return (
    <Modal opened onClose={onClose} title="Edits of this message" centered>
      <Failure text={error} />
      {texts === null && error === null && <Loader size="sm" />}
      <Stack component="ol" gap="sm" m={0} p={0} style={{ listStyle: "none" }}>
        {texts?.toReversed().map((each, index) => (
          <li key={each.cursor}>
            <Text size="xs" c="dimmed">
              {index === 0 ? "Now" : "Before"} · <UserName user={each.sender} /> ·{" "}
              {fullTime(Date.parse(each.ts))}
            </Text>
            <Text size="sm" dir="auto" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
              {typeof each.text === "string" ? plain(each.text) : "(sealed)"}
            </Text>
          </li>
        ))}
      </Stack>
    </Modal>
  );
}
