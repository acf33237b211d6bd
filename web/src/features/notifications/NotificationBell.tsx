import { ActionIcon, Indicator } from "@mantine/core";
import { useChat } from "../../shared/context";
import { Icon } from "../../shared/icons";

const MOST = 99;

/** Opens the list of notifications, and says how many are unread. */
export function NotificationBell({ onClick }: { onClick: () => void }) {
  const unread = useChat((state) => state.notifications);
  const label = unread > MOST ? `${MOST}+` : String(unread);
  return (
    <Indicator label={label} disabled={unread === 0} size={17} offset={6} color="red">
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={unread === 0 ? "Notifications" : `Notifications, ${label} unread`}
        data-unread={unread}
        onClick={onClick}
      >
        <Icon name="bell" size={20} />
      </ActionIcon>
    </Indicator>
  );
}
