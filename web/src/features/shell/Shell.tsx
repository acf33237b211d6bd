import { AppShell, em, Group, Title } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { useEffect } from "react";
import type { Me } from "../../api/auth";
import { useChat, useSession } from "../../shared/context";
import { useRoute } from "../../shared/router";
import { totalUnread } from "../../state/reading";
import { NotificationBell } from "../notifications/NotificationBell";
import { NotificationList } from "../notifications/NotificationList";
import { PresencePanel } from "../presence/PresencePanel";
import { RoomPage } from "../room/RoomPage";
import { RoomHeader } from "../room/RoomHeader";
import { RoomList } from "../rooms/RoomList";
import { SearchButton } from "../search/SearchButton";
import { SearchDialog } from "../search/SearchDialog";
import { useShortcut } from "../search/useShortcut";
import { AcceptInvite } from "../workspaces/AcceptInvite";
import { ConnectionBadge } from "./ConnectionBadge";
import { MenuButton } from "./MenuButton";
import { OfflineBanner } from "./OfflineBanner";
import { Toasts } from "./Toasts";
import { UserMenu } from "./UserMenu";
import { Welcome } from "./Welcome";
import classes from "./Shell.module.css";

/** Where the lists stand beside the room: the breakpoints `sm` and `md`. Below, they are off the screen until opened. */
const LIST_FITS_PX = 768;
const PEOPLE_FIT_PX = 992;
const NOW = { getInitialValueInEffect: false };

interface Props {
  me: Me;
  onSignOut: () => void;
}

/** The frame of the chat: rooms at the left, the open room in the middle, who is online at the right. */
export function Shell({ me, onSignOut }: Props) {
  const session = useSession();
  const route = useRoute();
  const room = route.page === "room" ? route.room : null;
  const target = route.page === "room" ? route.message : null;
  const [menu, { toggle: toggleMenu, close: closeMenu }] = useDisclosure(false);
  const [people, { toggle: togglePeople, close: closePeople }] = useDisclosure(false);
  const [notices, { open: openNotices, close: closeNotices }] = useDisclosure(false);
  const [searching, { open: openSearch, close: closeSearch }] = useDisclosure(false);
  const listFits = useMediaQuery(`(min-width: ${em(LIST_FITS_PX)})`, true, NOW);
  const peopleFit = useMediaQuery(`(min-width: ${em(PEOPLE_FIT_PX)})`, true, NOW);
  const unread = useChat(totalUnread);
  const name = useChat((state) => (room === null ? undefined : state.rooms[room]?.name));

  useShortcut(openSearch);
  useEffect(() => void session.openRoom(room), [session, room]);
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ""}${name === undefined ? "" : `${name} · `}Roomlog`;
  }, [unread, name]);

  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 272, breakpoint: "sm", collapsed: { mobile: !menu } }}
      aside={{ width: 232, breakpoint: "md", collapsed: { mobile: !people, desktop: room === null } }}
      transitionDuration={150}
      className={classes.shell}
    >
      <AppShell.Header className={classes.header}>
        <Group h="100%" px="sm" gap="xs" wrap="nowrap">
          <MenuButton opened={menu} onClick={toggleMenu} />
          {room === null ? (
            <Title order={1} size="h4" flex={1}>
              Roomlog
            </Title>
          ) : (
            <RoomHeader room={room} peopleOpen={people} onPeople={togglePeople} />
          )}
          <SearchButton onClick={openSearch} />
          <NotificationBell onClick={openNotices} />
          <ConnectionBadge />
          <UserMenu me={me} onSignOut={onSignOut} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar aria-label="Rooms" inert={!listFits && !menu}>
        <RoomList openRoom={room} onNavigate={closeMenu} />
      </AppShell.Navbar>
      <AppShell.Main className={classes.main}>
        <OfflineBanner />
        {route.page === "invite" && <AcceptInvite key={route.token} token={route.token} />}
        {route.page !== "invite" && room === null && <Welcome onBrowse={toggleMenu} />}
        {room !== null && <RoomPage key={room} room={room} target={target} />}
      </AppShell.Main>
      <AppShell.Aside aria-label="People" inert={!peopleFit && !people}>
        {room !== null && <PresencePanel room={room} onClose={closePeople} />}
      </AppShell.Aside>
      {notices && <NotificationList onClose={closeNotices} />}
      <SearchDialog opened={searching} openRoom={room} onClose={closeSearch} />
      <Toasts />
    </AppShell>
  );
}
