import { ActionIcon, Menu, Text } from "@mantine/core";
import type { WorkspaceRole } from "@roomlog/client";
import { useState } from "react";
import { useChat, useName } from "../../shared/context";
import { ConfirmDialog } from "../../shared/ConfirmDialog";
import { Icon } from "../../shared/icons";
import { mayAdminister, standsAbove, WORKSPACE_ROLES } from "../../state/workspaces";
import { PersonLine } from "../room/PersonLine";

interface Props {
  user: string;
  role: WorkspaceRole;
  /** One's own role in the workspace. */
  own: WorkspaceRole;
  onRole: (role: WorkspaceRole) => void;
  onRemove: () => Promise<void>;
}

/** Somebody in a workspace, and what one may do about it. */
export function Colleague({ user, role, own, onRole, onRemove }: Props) {
  const me = useChat((state) => state.me);
  const name = useName(user);
  const [removing, setRemoving] = useState(false);
  const may = user !== me && mayAdminister(own) && standsAbove(own, role);
  const roles = WORKSPACE_ROLES.filter((each) => each !== role && standsAbove(own, each));

  return (
    <PersonLine user={user}>
      <Text size="xs" c="dimmed" px="xs">
        {role}
      </Text>
      {may && (
        <Menu position="bottom-end" withinPortal width={220}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={`Options for ${name}`}>
              <Icon name="more" />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {roles.map((each) => (
              <Menu.Item key={each} leftSection={<Icon name="people" />} onClick={() => onRole(each)}>
                Make {each}
              </Menu.Item>
            ))}
            <Menu.Item color="red" leftSection={<Icon name="exit" />} onClick={() => setRemoving(true)}>
              Remove from the workspace…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      {removing && (
        <ConfirmDialog
          title={`Remove ${name}?`}
          action="Remove"
          onConfirm={onRemove}
          onClose={() => setRemoving(false)}
        >
          They leave all rooms of the workspace too, and come back only by an invite.
        </ConfirmDialog>
      )}
    </PersonLine>
  );
}
