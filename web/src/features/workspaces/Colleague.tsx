import { ActionIcon, Menu, Text } from "@mantine/core";
import type { WorkspaceRole } from "@roomlog/client";
import { useState } from "react";
import { placeOf } from "../../api/moderation";
import { useChat, useName, useSession } from "../../shared/context";
import { ConfirmDialog } from "../../shared/ConfirmDialog";
import { Icon } from "../../shared/icons";
import { mayAdminister, mayInviteInto, standsAbove, WORKSPACE_ROLES } from "../../state/workspaces";
import { Restrictions } from "../moderation/Restrictions";
import { PersonLine } from "../room/PersonLine";

interface Props {
  workspace: string;
  user: string;
  role: WorkspaceRole;
  /** One's own role in the workspace. */
  own: WorkspaceRole;
  onRole: (role: WorkspaceRole) => void;
  onRemove: () => Promise<void>;
}

/** Somebody in a workspace, and what one may do about it. */
export function Colleague({ workspace, user, role, own, onRole, onRemove }: Props) {
  const { moderation } = useSession();
  const me = useChat((state) => state.me);
  const name = useName(user);
  const [asking, setAsking] = useState<"remove" | "ban" | null>(null);
  const place = placeOf("workspaces", workspace);
  const moderates = user !== me && mayInviteInto(own) && standsAbove(own, role);
  const administers = moderates && mayAdminister(own);
  const roles = WORKSPACE_ROLES.filter((each) => each !== role && standsAbove(own, each));

  return (
    <PersonLine user={user}>
      <Text size="xs" c="dimmed" px="xs">
        {role}
      </Text>
      {moderates && (
        <Menu position="bottom-end" withinPortal width={220}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={`Options for ${name}`}>
              <Icon name="more" />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {administers &&
              roles.map((each) => (
                <Menu.Item key={each} leftSection={<Icon name="people" />} onClick={() => onRole(each)}>
                  Make {each}
                </Menu.Item>
              ))}
            <Restrictions place={place} user={user} />
            {administers && (
              <>
                <Menu.Item color="red" leftSection={<Icon name="exit" />} onClick={() => setAsking("remove")}>
                  Remove from the workspace…
                </Menu.Item>
                <Menu.Item color="red" leftSection={<Icon name="lock" />} onClick={() => setAsking("ban")}>
                  Ban from the workspace…
                </Menu.Item>
              </>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
      {asking === "ban" && (
        <ConfirmDialog
          title={`Ban ${name}?`}
          action="Ban"
          onConfirm={() => moderation.ban(place, user, "")}
          onClose={() => setAsking(null)}
        >
          They leave the workspace and all its rooms, and no invite brings them back until they are unbanned.
        </ConfirmDialog>
      )}
      {asking === "remove" && (
        <ConfirmDialog
          title={`Remove ${name}?`}
          action="Remove"
          onConfirm={onRemove}
          onClose={() => setAsking(null)}
        >
          They leave all rooms of the workspace too, and come back only by an invite.
        </ConfirmDialog>
      )}
    </PersonLine>
  );
}
