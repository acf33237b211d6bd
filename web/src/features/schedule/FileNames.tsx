import { Group, Text } from "@mantine/core";
import type { Attachment } from "@roomlog/client";
import { Icon } from "../../shared/icons";
import { plain } from "../../shared/plain";

/** What a message that is sent later will have, by name. */
export function FileNames({ files }: { files: readonly Attachment[] }) {
  return files.map((file) => (
    <Group key={file.file_id} gap={6} wrap="nowrap">
      <Icon name="clip" size={14} />
      <Text size="sm" c="dimmed" truncate>
        <bdi>{plain(file.name)}</bdi>
      </Text>
    </Group>
  ));
}
