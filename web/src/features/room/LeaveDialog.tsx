import { useChat, useSession } from "../../shared/context";
import { ConfirmDialog } from "../../shared/ConfirmDialog";
import { plain } from "../../shared/plain";
import { go, HOME } from "../../shared/router";
import { owners } from "../../state/members";
import type { Members } from "../../state/members";
import type { Room } from "../../state/rooms";

const UNKNOWN: Members = {};

export function LeaveDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const session = useSession();
  const me = useChat((state) => state.me);
  const members = useChat((state) => state.members[room.id]) ?? UNKNOWN;
  const isLastOwner = owners(members).join() === me && Object.keys(members).length > 1;

  async function leave() {
    await session.rooms.leave(room.id);
    go(HOME);
  }

  return (
    <ConfirmDialog title={`Leave ${plain(room.name)}?`} action="Leave" onConfirm={leave} onClose={onClose}>
      {room.kind === "public"
        ? "You can join again whenever you like."
        : "You can come back only when somebody invites you."}
      {isLastOwner && " You are its only owner: make somebody else an owner first, or it will have none."}
    </ConfirmDialog>
  );
}
