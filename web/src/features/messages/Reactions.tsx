import { Tooltip, UnstyledButton } from "@mantine/core";
import { useChat, useSession } from "../../shared/context";
import { plain } from "../../shared/plain";
import type { MessageItem, Reaction } from "../../state/timeline";
import { useRowActions } from "./actions";
import classes from "./Reactions.module.css";

const NAMED = 8;

/** Who reacted with what; pressing one adds or takes back one's own. */
export function Reactions({ item }: { item: MessageItem }) {
  if (item.reactions.length === 0) return null;
  return (
    <div className={classes.reactions}>
      {item.reactions.map((reaction) => (
        <Chip key={reaction.emoji} item={item} reaction={reaction} />
      ))}
    </div>
  );
}

function Chip({ item, reaction: { emoji, users } }: { item: MessageItem; reaction: Reaction }) {
  const session = useSession();
  const { room } = useRowActions();
  const isMine = users.includes(useChat((state) => state.me));
  const people = users.length === 1 ? "1 person" : `${users.length} people`;
  return (
    <Tooltip label={<Names users={users} />} openDelay={300} multiline maw={260} events={EVENTS}>
      <UnstyledButton
        className={classes.chip}
        aria-pressed={isMine}
        aria-label={`${emoji} from ${people}${isMine ? ", you too" : ""}`}
        data-emoji={emoji}
        onClick={() => void session.changes.toggleReaction(room, item, emoji)}
      >
        <bdi>{emoji}</bdi> {users.length}
      </UnstyledButton>
    </Tooltip>
  );
}

const EVENTS = { hover: true, focus: true, touch: false };

function Names({ users }: { users: readonly string[] }) {
  const names = useChat((state) => state.names);
  const me = useChat((state) => state.me);
  const shown = users.slice(0, NAMED).map((user) => (user === me ? "You" : plain(names[user] ?? "Someone")));
  const more = users.length - shown.length;
  return <bdi>{shown.join(", ") + (more > 0 ? ` and ${more} more` : "")}</bdi>;
}
