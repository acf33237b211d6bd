import {
  Avatar,
  Badge,
  Indicator,
  Menu,
  Text,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import type { Me } from "../../api/auth";
import { Icon } from "../../shared/icons";
import { useState } from "react";
import { useChat } from "../../shared/context";
import { usersWho } from "../../state/people";
import { FriendsDialog } from "../people/FriendsDialog";
import { useLinkPreviews } from "../../shared/linkPreviews";
import { DeleteAccount } from "./DeleteAccount";
import { MailSwitch } from "./MailSwitch";
import { PushSwitch } from "./PushSwitch";
import { useDesktopAlerts } from "./desktopAlerts";

interface Props {
  me: Me;
  onSignOut: () => void;
}

/** One's own name, the colour scheme, and the way out. */
export function UserMenu({ me, onSignOut }: Props) {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light") === "dark";
  const alerts = useDesktopAlerts();
  const previews = useLinkPreviews();
  const waiting = useChat((state) => usersWho(state.people, "asked").length);
  const [friends, setFriends] = useState(false);
  const [deleting, setDeleting] = useState(false);
  return (
    <>
      <Menu position="bottom-end" width={250} withArrow>
        <Menu.Target>
          <UnstyledButton aria-label={`Account of ${me.name}`}>
            <Indicator disabled={waiting === 0} label={waiting} size={16} offset={4}>
              <Avatar name={me.name} color="initials" size={34} />
            </Indicator>
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            <Text size="sm" fw={600} c="var(--mantine-color-text)" truncate>
              <bdi>{me.name}</bdi>
            </Text>
            <Text size="xs" truncate>
              {me.email}
            </Text>
          </Menu.Label>
          <Menu.Divider />
          <Menu.Item
            leftSection={<Icon name="people" />}
            rightSection={waiting > 0 && <Badge size="sm">{waiting}</Badge>}
            onClick={() => setFriends(true)}
          >
            Friends
          </Menu.Item>
          <Menu.Item
            leftSection={<Icon name={isDark ? "sun" : "moon"} />}
            onClick={() => setColorScheme(isDark ? "light" : "dark")}
          >
            {isDark ? "Light colours" : "Dark colours"}
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="link" />} closeMenuOnClick={false} onClick={previews.toggle}>
            {`Link previews on this device: ${previews.on ? "on" : "off"}`}
          </Menu.Item>
          {alerts.isSupported && (
            <Menu.Item
              leftSection={<Icon name="bell" />}
              role="menuitemcheckbox"
              aria-checked={alerts.on}
              disabled={alerts.isBlocked}
              closeMenuOnClick={false}
              onClick={() => void alerts.toggle()}
            >
              {alerts.isBlocked
                ? "Notifications are blocked in your browser"
                : `Notifications on this device: ${alerts.on ? "on" : "off"}`}
            </Menu.Item>
          )}
          <PushSwitch />
          <MailSwitch />
          <Menu.Item leftSection={<Icon name="exit" />} onClick={onSignOut}>
            Sign out
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<Icon name="trash" />} onClick={() => setDeleting(true)}>
            Delete account…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {deleting && <DeleteAccount onDeleted={onSignOut} onClose={() => setDeleting(false)} />}
      {friends && <FriendsDialog onClose={() => setFriends(false)} />}
    </>
  );
}
