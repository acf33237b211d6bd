import { useCallback, useEffect, useState } from "react";
import type { Notification, NotificationPage } from "../../api/notifications";
import { explain } from "../../session/explain";
import { useChat, useSession } from "../../shared/context";

interface Listed {
  items: readonly Notification[];
  rooms: NotificationPage["rooms"];
  next: string | null;
  loaded: boolean;
  error: string | null;
}

const NOTHING: Listed = { items: [], rooms: {}, next: null, loaded: false, error: null };

/** The list, or only what is unread; it is read again whenever the number of unread ones changes. */
export function useNotifications(unreadOnly: boolean) {
  const { notifications } = useSession();
  const unread = useChat((state) => state.notifications);
  const [listed, setListed] = useState(NOTHING);

  const load = useCallback(
    async (before: Listed): Promise<Listed> => {
      try {
        const page = await notifications.list(unreadOnly, before.next);
        const items = [...before.items, ...page.items];
        return {
          items,
          rooms: { ...before.rooms, ...page.rooms },
          next: page.next,
          loaded: true,
          error: null,
        };
      } catch (error) {
        return { ...before, loaded: true, error: explain(error) };
      }
    },
    [notifications, unreadOnly],
  );

  useEffect(() => {
    let isWanted = true;
    void load(NOTHING).then((answer) => {
      if (isWanted) setListed(answer);
    });
    return () => {
      isWanted = false;
    };
  }, [load, unread]);

  const more = () => void load(listed).then(setListed);
  const again = () => void load(NOTHING).then(setListed);
  return { listed, more, again };
}
