import { Modal, ScrollArea, Tabs } from "@mantine/core";
import { plain } from "../../shared/plain";
import type { Room } from "../../state/rooms";
import { AuditLog } from "./AuditLog";
import { Reports } from "./Reports";
import { Restricted } from "./Restricted";
import { Words } from "./Words";

/** What moderators of a room see and decide. */
export function ModerationDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={`Moderation of ${plain(room.name)}`}
      scrollAreaComponent={ScrollArea.Autosize}
    >
      <Tabs defaultValue="reports" keepMounted={false}>
        <Tabs.List grow mb="sm">
          <Tabs.Tab value="reports">Reports</Tabs.Tab>
          <Tabs.Tab value="people">People</Tabs.Tab>
          <Tabs.Tab value="words">Words</Tabs.Tab>
          <Tabs.Tab value="audit">Audit log</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="reports">
          <Reports room={room} />
        </Tabs.Panel>
        <Tabs.Panel value="people">
          <Restricted room={room.id} />
        </Tabs.Panel>
        <Tabs.Panel value="words">
          <Words room={room.id} />
        </Tabs.Panel>
        <Tabs.Panel value="audit">
          <AuditLog room={room.id} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  );
}
