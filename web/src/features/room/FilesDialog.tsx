import { Anchor, Button, Modal, ScrollArea, Skeleton, Stack, Text } from "@mantine/core";
import { useCallback, useEffect, useState } from "react";
import type { RoomFile, RoomFilePage } from "../../api/files";
import { explain } from "../../session/explain";
import { useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { plain } from "../../shared/plain";
import { roomHref } from "../../shared/router";
import { fullTime } from "../../shared/time";
import type { Room } from "../../state/rooms";
import { FileLine } from "../messages/Attachments";

/** The files of a room, those of the newest messages first. */
export function FilesDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const { items, isLoading, hasMore, error, load } = useRoomFiles(room.id);
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Files in ${plain(room.name)}`}
      scrollAreaComponent={ScrollArea.Autosize}
    >
      <Stack gap="sm" data-testid="files">
        {items.map((file) => (
          <div key={`${file.message} ${file.file_id}`}>
            <FileLine file={file} />
            <Text size="xs" c="dimmed">
              {plain(file.sharedBy)} ·{" "}
              <Anchor href={roomHref(room.id, file.message)} onClick={onClose} inherit>
                {fullTime(Date.parse(file.ts))}
              </Anchor>
            </Text>
          </div>
        ))}
        {isLoading && <Skeleton height={60} aria-label="Loading" />}
        {!isLoading && error === null && items.length === 0 && (
          <Text size="sm" c="dimmed">
            No file has been shared here yet.
          </Text>
        )}
        <Failure text={error} />
        {!isLoading && (hasMore || error !== null) && (
          <Button variant="light" onClick={load}>
            {error === null ? "Show more" : "Try again"}
          </Button>
        )}
      </Stack>
    </Modal>
  );
}

interface Shown extends RoomFile {
  sharedBy: string;
}

function useRoomFiles(room: string) {
  const { files } = useSession();
  const [items, setItems] = useState<readonly Shown[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [isLoading, setLoading] = useState(true);
  const [error, setError] = useState<string | null>(null);
  const show = useCallback((page: RoomFilePage) => {
    const more = page.items.map((file) => ({ ...file, sharedBy: page.users[file.sender]?.name ?? "" }));
    setItems((shown) => [...shown, ...more]);
    setNext(page.next);
  }, []);
  useEffect(() => {
    files
      .ofRoom(room, null)
      .then(show)
      .catch((failure: unknown) => setError(explain(failure)))
      .finally(() => setLoading(false));
  }, [files, room, show]);
  const load = () => {
    setError(null);
    setLoading(true);
    files
      .ofRoom(room, next)
      .then(show)
      .catch((failure: unknown) => setError(explain(failure)))
      .finally(() => setLoading(false));
  };
  return { items, isLoading, hasMore: next !== null, error, load };
}
