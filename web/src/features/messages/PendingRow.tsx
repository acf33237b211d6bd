import { Button, Group, Text } from "@mantine/core";
import { useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import type { PendingMessage } from "../../state/pending";
import type { MessageItem } from "../../state/timeline";
import { Attachments } from "./Attachments";
import { ReplyQuote } from "./ReplyQuote";
import { Speech } from "./Speech";
import classes from "./messages.module.css";

interface Props {
  room: string;
  message: PendingMessage;
  sender: string;
  head: boolean;
  quoted: MessageItem | null | undefined;
}

/** A message on its way, or one that did not get there. */
export function PendingRow({ room, message, sender, head, quoted }: Props) {
  const failed = message.state === "failed";
  return (
    <div className={classes.row} data-pending={message.state} data-key={message.key}>
      <Speech
        sender={sender}
        at={message.at}
        head={head}
        text={message.text}
        mentions={message.mentions}
        quote={
          quoted !== undefined &&
          message.replyTo !== null && <ReplyQuote id={message.replyTo} quoted={quoted} />
        }
      >
        <Attachments files={message.attachments} />
        {failed && <Failure room={room} message={message} />}
      </Speech>
      {message.state === "sending" && (
        <span className={classes.waiting} title="On its way" role="img" aria-label="On its way">
          <Icon name="clock" size={14} />
        </span>
      )}
    </div>
  );
}

function Failure({ room, message }: { room: string; message: PendingMessage }) {
  const session = useSession();
  return (
    <Group gap="xs" mt={2} role="alert">
      <Text size="xs" c="red">
        Not delivered: {message.error}
      </Text>
      <Button size="compact-xs" variant="light" onClick={() => session.messages.retry(room, message.key)}>
        Try again
      </Button>
      <Button
        size="compact-xs"
        variant="subtle"
        color="gray"
        onClick={() => session.messages.discard(room, message.key)}
      >
        Discard
      </Button>
    </Group>
  );
}
