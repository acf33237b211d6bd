import { Menu } from "@mantine/core";
import type { Place } from "../../api/moderation";
import { complain } from "../../session/complain";
import { useName, useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";

const MINUTES: readonly [number | null, string][] = [
  [10, "Mute for 10 minutes"],
  [24 * 60, "Mute for a day"],
  [null, "Mute without an end"],
];

/** Items of a member's menu: for how long they read and do not write. */
export function Restrictions({ place, user }: { place: Place; user: string }) {
  const { moderation, store } = useSession();
  const name = useName(user);
  const act = (done: Promise<unknown>) =>
    void done.catch((error: unknown) => complain(store, `Nothing changed for ${name}`, error));
  return (
    <>
      <Menu.Divider />
      {MINUTES.map(([minutes, label]) => (
        <Menu.Item
          key={label}
          leftSection={<Icon name="clock" />}
          onClick={() => act(moderation.mute(place, user, minutes))}
        >
          {label}
        </Menu.Item>
      ))}
      <Menu.Item leftSection={<Icon name="speech" />} onClick={() => act(moderation.unmute(place, user))}>
        Unmute
      </Menu.Item>
    </>
  );
}
