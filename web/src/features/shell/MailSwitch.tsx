import { Menu, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import type { MailSettings } from "../../api/push";
import { useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";

/** Mails about what is unread; not there where the server sends none. */
export function MailSwitch() {
  const { webPush } = useSession();
  const [settings, setSettings] = useState<MailSettings | null>(null);

  useEffect(() => {
    void webPush.mail().then(setSettings, () => undefined);
  }, [webPush]);

  if (!settings?.available || settings.address === null) return null;
  return (
    <Menu.Item
      leftSection={<Icon name="envelope" />}
      role="menuitemcheckbox"
      aria-checked={settings.digest}
      closeMenuOnClick={false}
      onClick={() => void webPush.wantMail(!settings.digest).then(setSettings, () => undefined)}
    >
      Mails about what is unread: {settings.digest ? "on" : "off"}
      <Text size="xs" c="dimmed" truncate>
        to {settings.address}
      </Text>
    </Menu.Item>
  );
}
