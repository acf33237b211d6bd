import { Alert, Loader, Modal, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import type { WrittenText } from "../../api/chat";
import { explain } from "../../session/explain";
import { useSession } from "../../shared/context";
import { plain } from "../../shared/plain";
import { fullTime } from "../../shared/time";
import { UserName } from "../../shared/UserName";

/** Every text that a message had, the one that it has first. */
export function HistoryDialog({ message, onClose }: { message: string; onClose: () => void }) {
  const session = useSession();
  const [texts, setTexts] = useState<WrittenText[] | null>(null);
  const [error, setError] = useState<string | null>(null);

  useEffect(() => {
    session.threads.history(message).then(setTexts, (failure: unknown) => setError(explain(failure)));
  }, [session, message]);

  return (
    <Modal
      opened
      onClose={onClose}
      title="Edits of this message"
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {error !== null && (
        <Alert color="red" variant="light" role="alert">
          {error}
        </Alert>
      )}
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
