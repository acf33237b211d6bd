import { ActionIcon, Menu } from "@mantine/core";
import type { Role } from "@roomlog/client";
import { useState } from "react";
import { placeOf } from "../../api/moderation";
import { complain } from "../../session/complain";
import { useName, useSession } from "../../shared/context";
import { ConfirmDialog } from "../../shared/ConfirmDialog";
import { Icon } from "../../shared/icons";
import { plain } from "../../shared/plain";
import { go, roomHref } from "../../shared/router";
import { Restrictions } from "../moderation/Restrictions";
import { PersonActions, useBlocking } from "../people/PersonActions";
import { mayChangeRole, mayModerate, mayRemove, ROLES } from "../../state/members";
import type { Members } from "../../state/members";
import type { Room } from "../../state/rooms";

const TITLES: Readonly<Record<Role, string>> = {
  owner: "Make owner",
  moderator: "Make moderator",
  member: "Make ordinary member",
};

interface Props {
  room: Room;
  members: Members;
  user: string;
}

/** What one may do about another member. */
export function MemberMenu({ room, members, user }: Props) {
  const { rooms, store, moderation } = useSession();
  const name = useName(user);
  const [removing, setRemoving] = useState(false);
  const [banning, setBanning] = useState(false);
  const blocking = useBlocking(user);
  const place = placeOf("rooms", room.id);
  const role = members[user] ?? "member";
  const roles = mayChangeRole(room, members, user) ? ROLES.filter((each) => each !== role) : [];

  const change = (to: Role) =>
    rooms.setRole(room.id, user, to).catch((error: unknown) => {
      complain(store, `The role of ${name} was not changed`, error);
    });
  const write = () =>
    rooms.direct(user).then(
      (direct) => go(roomHref(direct)),
      (error: unknown) => complain(store, `No conversation with ${name}`, error),
    );

  return (
    <>
      <Menu position="bottom-end" withinPortal width={240}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`Options for ${name}`}>
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {room.kind !== "direct" && (
            <Menu.Item leftSection={<Icon name="speech" />} onClick={() => void write()}>
              Write to <bdi>{name}</bdi>
            </Menu.Item>
          )}
          <PersonActions user={user} onBlock={blocking.ask} />
          {roles.length > 0 && <Menu.Divider />}
          {roles.map((each) => (
            <Menu.Item key={each} leftSection={<Icon name="people" />} onClick={() => void change(each)}>
              {TITLES[each]}
            </Menu.Item>
          ))}
          {mayModerate(room, role) && <Restrictions place={place} user={user} />}
          {mayRemove(room, role) && (
            <Menu.Item color="red" leftSection={<Icon name="exit" />} onClick={() => setRemoving(true)}>
              Remove from the room…
            </Menu.Item>
          )}
          {mayModerate(room, role) && (
            <Menu.Item color="red" leftSection={<Icon name="lock" />} onClick={() => setBanning(true)}>
              Ban from the room…
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {blocking.dialog}
      {banning && (
        <ConfirmDialog
          title={`Ban ${name} from ${plain(room.name)}?`}
          action="Ban"
          onConfirm={() => moderation.ban(place, user, "")}
          onClose={() => setBanning(false)}
        >
          They are removed and cannot come back until a moderator lets them.
        </ConfirmDialog>
      )}
      {removing && (
        <ConfirmDialog
          title={`Remove ${name} from ${plain(room.name)}?`}
          action="Remove"
          onConfirm={() => rooms.remove(room.id, user)}
          onClose={() => setRemoving(false)}
        >
          What is said from now on does not reach them.
          {room.kind === "public" ? " The room is public: they can join again." : ""}
        </ConfirmDialog>
      )}
    </>
  );
}
