import { ActionIcon, Menu, Text } from "@mantine/core";
import { useState } from "react";
import { placeOf } from "../../api/moderation";
import { useChat, useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { briefTime } from "../../shared/time";
import { mayInvite, moderates } from "../../state/members";
import type { Room } from "../../state/rooms";
import { ModerationDialog } from "../moderation/ModerationDialog";
import { PinsDialog } from "../pins/PinsDialog";
import { FilesDialog } from "./FilesDialog";
import { InviteDialog } from "./InviteDialog";
import { IntegrationsDialog } from "../integrations/IntegrationsDialog";
import { JumpDialog } from "./JumpDialog";
import { LeaveDialog } from "./LeaveDialog";
import { MembersDialog } from "./MembersDialog";
import { MuteDialog } from "./MuteDialog";
import { SettingsDialog } from "./SettingsDialog";
import { StatsDialog } from "./StatsDialog";

type Dialog =
  | "members"
  | "pins"
  | "files"
  | "stats"
  | "jump"
  | "mute"
  | "invite"
  | "settings"
  | "moderation"
  | "integrations"
  | "leave"
  | null;

/** What a member can do with a room; what the server would refuse is not offered. */
export function RoomMenu({ room }: { room: Room }) {
  const [dialog, setDialog] = useState<Dialog>(null);
  const close = () => setDialog(null);
  const { notifications } = useSession();
  const mute = useChat((state) => state.mutes[room.id]);
  return (
    <>
      <Menu position="bottom-end" withArrow width={210}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Room options">
            <Icon name="more" size={20} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="people" />} onClick={() => setDialog("members")}>
            Members
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="pin" />} onClick={() => setDialog("pins")}>
            Pinned messages
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="clip" />} onClick={() => setDialog("files")}>
            Files
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="clock" />} onClick={() => setDialog("jump")}>
            Jump to a day
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="chart" />} onClick={() => setDialog("stats")}>
            Statistics
          </Menu.Item>
          {mute === undefined ? (
            <Menu.Item leftSection={<Icon name="quiet" />} onClick={() => setDialog("mute")}>
              Mute
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<Icon name="bell" />} onClick={() => void notifications.unmute(room.id)}>
              Unmute
              {mute.until !== null && (
                <Text size="xs" c="dimmed">
                  muted until {briefTime(Date.parse(mute.until))}
                </Text>
              )}
            </Menu.Item>
          )}
          {mayInvite(room) && (
            <Menu.Item leftSection={<Icon name="invite" />} onClick={() => setDialog("invite")}>
              Invite people
            </Menu.Item>
          )}
          {moderates(room) && (
            <Menu.Item leftSection={<Icon name="pencil" />} onClick={() => setDialog("settings")}>
              Name and topic
            </Menu.Item>
          )}
          {moderates(room) && room.kind !== "direct" && (
            <Menu.Item leftSection={<Icon name="warning" />} onClick={() => setDialog("moderation")}>
              Moderation
            </Menu.Item>
          )}
          {moderates(room) && room.kind !== "direct" && (
            <Menu.Item leftSection={<Icon name="link" />} onClick={() => setDialog("integrations")}>
              Integrations
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<Icon name="exit" />} onClick={() => setDialog("leave")}>
            Leave this room
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === "members" && <MembersDialog room={room} onClose={close} />}
      {dialog === "pins" && <PinsDialog room={room} onClose={close} />}
      {dialog === "stats" && <StatsDialog room={room} onClose={close} />}
      {dialog === "files" && <FilesDialog room={room} onClose={close} />}
      {dialog === "jump" && <JumpDialog room={room} onClose={close} />}
      {dialog === "mute" && <MuteDialog room={room} onClose={close} />}
      {dialog === "invite" && <InviteDialog room={room} onClose={close} />}
      {dialog === "settings" && <SettingsDialog room={room} onClose={close} />}
      {dialog === "moderation" && (
        <ModerationDialog place={placeOf("rooms", room.id)} name={room.name} onClose={close} />
      )}
      {dialog === "integrations" && <IntegrationsDialog room={room} onClose={close} />}
      {dialog === "leave" && <LeaveDialog room={room} onClose={close} />}
    </>
  );
}
