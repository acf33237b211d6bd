import { useSession } from "../../shared/context";
import { ConfirmDialog } from "../../shared/ConfirmDialog";
import { plain } from "../../shared/plain";
import { go, HOME } from "../../shared/router";
import type { Workspace } from "../../state/workspaces";

export function LeaveWorkspace({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const { workspaces } = useSession();
  async function leave() {
    await workspaces.leave(workspace.id);
    go(HOME);
  }
  return (
    <ConfirmDialog
      title={`Leave ${plain(workspace.name)}?`}
      action="Leave"
      onConfirm={leave}
      onClose={onClose}
    >
      You leave all its rooms too, and come back only by an invite.
    </ConfirmDialog>
  );
}
