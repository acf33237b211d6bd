import { Text } from "@mantine/core";
import { UserName } from "../../shared/UserName";
import { useChat } from "../../shared/context";
import type { RoomTyping } from "../../state/presence";

const NOBODY: RoomTyping = {};

/** Who types right now; always there, so that the page does not jump. */
export function TypingLine({ room }: { room: string }) {
  const typing = useChat((state) => state.typing[room]) ?? NOBODY;
  return (
    <Text size="xs" c="dimmed" px="md" h={22} lh="22px" truncate data-testid="typing" aria-live="polite">
      <Sentence users={Object.keys(typing)} />
    </Text>
  );
}

function Sentence({ users }: { users: string[] }) {
  const [first, second] = users;
  if (first === undefined) return null;
  if (second === undefined) {
    return (
      <>
        <UserName user={first} /> is typing…
      </>
    );
  }
  if (users.length > 2) return <>Several people are typing…</>;
  return (
    <>
      <UserName user={first} /> and <UserName user={second} /> are typing…
    </>
  );
}
