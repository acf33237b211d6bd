import { Modal, Tabs } from "@mantine/core";
import { plain } from "../../shared/plain";
import type { Room } from "../../state/rooms";
import { IncomingHooks } from "./IncomingHooks";
import { OutgoingWebhooks } from "./OutgoingWebhooks";

/** Other systems: those that post into the room, and those that are told what happens in it. */
export function IntegrationsDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={`Integrations of ${plain(room.name)}`} size="lg">
      <Tabs defaultValue="incoming" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="incoming">They post here</Tabs.Tab>
          <Tabs.Tab value="outgoing">They are told</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="incoming">
          <IncomingHooks room={room.id} />
        </Tabs.Panel>
        <Tabs.Panel value="outgoing">
          <OutgoingWebhooks room={room.id} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  );
}
