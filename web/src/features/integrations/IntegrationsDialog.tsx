import { Modal, Tabs, Text } from "@mantine/core";
import { plain } from "../../shared/plain";
import type { Room } from "../../state/rooms";
import type { Workspace } from "../../state/workspaces";
import { IncomingHooks } from "./IncomingHooks";
import { OutgoingWebhooks } from "./OutgoingWebhooks";

type Props = { onClose: () => void } & (
  { room: Room; workspace?: undefined } | { room?: undefined; workspace: Workspace }
);

/**
 * Other systems: those that post into a room, and those that are told what happens in it; or in the public rooms of
 * a workspace, which nothing is posted into.
 */
export function IntegrationsDialog({ room, workspace, onClose }: Props) {
  const { id, name } = room ?? workspace;
  const title = `Integrations of ${plain(name)}`;
  if (room === undefined)
    return (
      <Modal opened onClose={onClose} title={title} size="lg">
        <Text size="sm" c="dimmed" mb="sm">
          Other systems are told what happens in the workspace’s public rooms, and of its people. To let one
          post, choose “Integrations” in a room’s menu.
        </Text>
        <OutgoingWebhooks place={id} />
      </Modal>
    );
  return (
    <Modal opened onClose={onClose} title={title} size="lg">
      <Tabs defaultValue="incoming" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="incoming">They post here</Tabs.Tab>
          <Tabs.Tab value="outgoing">They are told</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="incoming">
          <IncomingHooks room={id} />
        </Tabs.Panel>
        <Tabs.Panel value="outgoing">
          <OutgoingWebhooks place={id} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  );
}
