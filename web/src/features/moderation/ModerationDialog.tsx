import { Modal, ScrollArea, Tabs } from "@mantine/core";
import type { Place } from "../../api/moderation";
import { plain } from "../../shared/plain";
import { AuditLog } from "./AuditLog";
import { Reports } from "./Reports";
import { Restricted } from "./Restricted";
import { Words } from "./Words";

interface Props {
  place: Place;
  name: string;
  onClose: () => void;
}

/** What moderators of a room, or of a workspace and all its rooms, see and decide. */
export function ModerationDialog({ place, name, onClose }: Props) {
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={`Moderation of ${plain(name)}`}
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
          <Reports place={place} />
        </Tabs.Panel>
        <Tabs.Panel value="people">
          <Restricted place={place} />
        </Tabs.Panel>
        <Tabs.Panel value="words">
          <Words place={place} />
        </Tabs.Panel>
        <Tabs.Panel value="audit">
          <AuditLog place={place} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  );
}
