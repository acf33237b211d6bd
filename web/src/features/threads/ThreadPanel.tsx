import { ActionIcon, Button, Drawer, Group, Loader, Stack, Text, Textarea } from "@mantine/core";
import { useEffect, useState } from "react";
import type { KeyboardEvent } from "react";
import type { ThreadPage } from "../../api/chat";
import { explain } from "../../session/explain";
import { useChat, useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { Icon } from "../../shared/icons";
import { LONGEST, lengthOf } from "../../shared/limits";
import { fromApi } from "../../state/timeline";
import type { MessageItem } from "../../state/timeline";
import { withNews } from "../../state/thread";
import type { Thread } from "../../state/thread";
import { Attachments } from "../messages/Attachments";
import { Speech } from "../messages/Speech";
import classes from "./threads.module.css";

interface Props {
  room: string;
  /** Any message of the thread. */
  message: string;
  mayWrite: boolean;
  onClose: () => void;
}

/** A message and everything that answers it, beside the room; all of the screen on a phone. */
export function ThreadPanel({ room, message, mayWrite, onClose }: Props) {
  const { thread, error, more } = useThread(room, message);
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="min(440px, 100%)"
      title="Thread"
      closeButtonProps={{ "aria-label": "Close the thread" }}
      classNames={{ content: classes.panel, body: classes.body }}
    >
      <Failure text={error} />
      {thread === null && error === null && <Loader size="sm" mx="auto" my="xl" />}
      {thread !== null && (
        <>
          <Stack gap={6} className={classes.log} role="log" aria-label="Thread">
            <Said item={thread.root} />
            <Text size="xs" c="dimmed" role="status">
              {counted(thread)}
            </Text>
            {thread.answers.map((answer) => (
              <Said key={answer.id} item={answer} />
            ))}
            {thread.hasMore && (
              <Button variant="subtle" size="compact-sm" onClick={more}>
                Show more
              </Button>
            )}
          </Stack>
          {mayWrite && <AnswerBox room={room} root={thread.root} />}
        </>
      )}
    </Drawer>
  );
}

function counted({ answers, hasMore }: Thread): string {
  if (answers.length === 0) return "No replies yet";
  return `${answers.length}${hasMore ? "+" : ""} ${answers.length === 1 ? "reply" : "replies"}`;
}

function Said({ item }: { item: MessageItem }) {
  return (
    <div className={classes.said} data-event-id={item.id}>
      <Speech
        sender={item.sender}
        at={item.at}
        head
        text={item.deleted ? null : item.text}
        mentions={item.mentions}
        edited={item.edited}
      >
        {!item.deleted && <Attachments files={item.attachments} />}
      </Speech>
    </div>
  );
}

function AnswerBox({ room, root }: { room: string; root: MessageItem }) {
  const session = useSession();
  const [text, setText] = useState("");
  const sendable = text.trim() !== "" && lengthOf(text) <= LONGEST;

  function send() {
    if (!sendable) return;
    session.messages.send(room, text.trim(), root.id, []);
    setText("");
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  }

  return (
    <Group gap="xs" wrap="nowrap" align="flex-end">
      <Textarea
        flex={1}
        aria-label="Reply in the thread"
        placeholder="Reply"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        autosize
        minRows={1}
        maxRows={6}
        error={lengthOf(text) > LONGEST && "Too long: split it in two."}
        dir="auto"
        data-autofocus
      />
      <ActionIcon size={36} aria-label="Reply" title="Send" disabled={!sendable} onClick={send}>
        <Icon name="send" size={18} />
      </ActionIcon>
    </Group>
  );
}

function useThread(room: string, message: string) {
  const session = useSession();
  const [loaded, setLoaded] = useState<Thread | null>(null);
  const [error, setError] = useState<string | null>(null);
  const items = useChat((state) => state.timelines[room]?.items);

  useEffect(() => {
    const fail = (failure: unknown) => setError(explain(failure));
    session.threads.load(message).then((page) => setLoaded(extended(null, page)), fail);
  }, [session, message]);

  function more() {
    const fail = (failure: unknown) => setError(explain(failure));
    const last = loaded?.answers.at(-1)?.cursor;
    session.threads.load(message, last).then((page) => setLoaded(extended(loaded, page)), fail);
  }

  return { thread: loaded === null ? null : withNews(loaded, items ?? []), error, more };
}

function extended(before: Thread | null, page: ThreadPage): Thread {
  const answers = [...(before?.answers ?? []), ...page.items.map(fromApi)];
  return { root: fromApi(page.root), answers, hasMore: page.has_more };
}
