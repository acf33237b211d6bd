import { Modal, ScrollArea, Skeleton, Tabs } from "@mantine/core";
import type { WorkspaceRole } from "@roomlog/client";
import { useCallback, useEffect, useState } from "react";
import { explain } from "../../session/explain";
import { useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { plain } from "../../shared/plain";
import { mayInviteInto } from "../../state/workspaces";
import type { Workspace } from "../../state/workspaces";
import { Colleague } from "./Colleague";
import { Invites } from "./Invites";
import classes from "../room/people.module.css";

interface Props {
  workspace: Workspace;
  onClose: () => void;
}

/** Who is in a workspace, as what; and the invites into it. */
export function WorkspaceDialog({ workspace, onClose }: Props) {
  return (
    <Modal opened onClose={onClose} title={plain(workspace.name)} scrollAreaComponent={ScrollArea.Autosize}>
      <Tabs defaultValue="people" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="people">People</Tabs.Tab>
          {mayInviteInto(workspace.role) && <Tabs.Tab value="invites">Invites</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="people">
          <People workspace={workspace} />
        </Tabs.Panel>
        <Tabs.Panel value="invites">
          <Invites workspace={workspace} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  );
}

function People({ workspace }: { workspace: Workspace }) {
  const { workspaces } = useSession();
  const [roles, setRoles] = useState<Record<string, WorkspaceRole> | null>(null);
  const [error, setError] = useState<string | null>(null);

  const load = useCallback(
    (cursor: string | null) =>
      workspaces
        .members(workspace.id, cursor)
        .then(setRoles, (failure: unknown) => setError(explain(failure))),
    [workspaces, workspace.id],
  );
  // Again with whatever happens there.
  useEffect(() => void load(workspace.last_cursor), [load, workspace.last_cursor]);

  async function change(work: Promise<string | null>) {
    setError(null);
    try {
      await load(await work);
    } catch (failure) {
      setError(explain(failure));
    }
  }

  return (
    <>
      <Failure text={error} mb="sm" />
      {roles === null && error === null && <Skeleton height={160} aria-label="Loading" />}
      <ul className={classes.list} data-testid="colleagues">
        {Object.entries(roles ?? {}).map(([user, role]) => (
          <Colleague
            key={user}
            workspace={workspace.id}
            user={user}
            role={role}
            own={workspace.role}
            onRole={(to) => void change(workspaces.setRole(workspace.id, user, to))}
            onRemove={() => change(workspaces.remove(workspace.id, user))}
          />
        ))}
      </ul>
    </>
  );
}
