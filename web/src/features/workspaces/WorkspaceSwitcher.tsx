import { Group, Menu, Text, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { placeOf } from "../../api/moderation";
import { useChat, useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import type { IconName } from "../../shared/icons";
import { plain } from "../../shared/plain";
import { go, HOME } from "../../shared/router";
import { mayAdminister, mayInviteInto, openWorkspace } from "../../state/workspaces";
import { IntegrationsDialog } from "../integrations/IntegrationsDialog";
import { ModerationDialog } from "../moderation/ModerationDialog";
import { CreateWorkspace } from "./CreateWorkspace";
import { LeaveWorkspace } from "./LeaveWorkspace";
import { WorkspaceDialog } from "./WorkspaceDialog";
import classes from "./workspaces.module.css";

type Dialog = "new" | "people" | "moderation" | "integrations" | "leave" | null;

const EVERYBODY = "Everybody";

/** Which workspace is on the screen, the others, and what one may do in it. */
export function WorkspaceSwitcher() {
  const { workspaces: actions } = useSession();
  const workspaces = useChat((state) => state.workspaces);
  const open = useChat(openWorkspace);
  const [dialog, setDialog] = useState<Dialog>(null);
  const close = () => setDialog(null);

  function pick(workspace: string | null) {
    if (workspace === (open?.id ?? null)) return;
    actions.pick(workspace);
    go(HOME);
  }

  return (
    <>
      <Menu position="bottom-start" width={256} withinPortal>
        <Menu.Target>
          <UnstyledButton
            className={classes.switcher}
            aria-label={`Workspace: ${plain(open?.name ?? EVERYBODY)}`}
          >
            <Icon name={open ? "building" : "globe"} />
            <Text fw={600} truncate flex={1}>
              <bdi>{open ? plain(open.name) : EVERYBODY}</bdi>
            </Text>
            <Icon name="updown" size={16} />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.RadioGroup value={open?.id ?? ""} onChange={(id) => pick(id === "" ? null : id)}>
            <Place id="" icon="globe" name={EVERYBODY} />
            {workspaces.map(({ id, name }) => (
              <Place key={id} id={id} icon="building" name={plain(name)} />
            ))}
          </Menu.RadioGroup>
          <Menu.Divider />
          {open && open.role !== "guest" && (
            <Menu.Item leftSection={<Icon name="people" />} onClick={() => setDialog("people")}>
              People and invites…
            </Menu.Item>
          )}
          {open && mayInviteInto(open.role) && (
            <Menu.Item leftSection={<Icon name="warning" />} onClick={() => setDialog("moderation")}>
              Moderation…
            </Menu.Item>
          )}
          {open && mayAdminister(open.role) && (
            <Menu.Item leftSection={<Icon name="link" />} onClick={() => setDialog("integrations")}>
              Integrations…
            </Menu.Item>
          )}
          {open && (
            <Menu.Item leftSection={<Icon name="exit" />} onClick={() => setDialog("leave")}>
              Leave this workspace…
            </Menu.Item>
          )}
          <Menu.Item leftSection={<Icon name="plus" />} onClick={() => setDialog("new")}>
            New workspace…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === "new" && <CreateWorkspace onClose={close} />}
      {dialog === "people" && open && <WorkspaceDialog workspace={open} onClose={close} />}
      {dialog === "moderation" && open && (
        <ModerationDialog place={placeOf("workspaces", open.id)} name={open.name} onClose={close} />
      )}
      {dialog === "integrations" && open && <IntegrationsDialog workspace={open} onClose={close} />}
      {dialog === "leave" && open && <LeaveWorkspace workspace={open} onClose={close} />}
    </>
  );
}

function Place({ id, icon, name }: { id: string; icon: IconName; name: string }) {
  return (
    <Menu.RadioItem value={id} closeMenuOnClick checkIcon={<Icon name="check" size={16} />}>
      <Group gap="xs" wrap="nowrap">
        <Icon name={icon} />
        <Text size="sm" truncate>
          <bdi>{name}</bdi>
        </Text>
      </Group>
    </Menu.RadioItem>
  );
}
