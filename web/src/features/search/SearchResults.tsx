import { Alert, Button, Loader, Stack, Text } from "@mantine/core";
import type { FoundMessage } from "../../api/chat";
import { Icon, ROOM_ICONS } from "../../shared/icons";
import { plain } from "../../shared/plain";
import { clock, dayName, fullTime } from "../../shared/time";
import { UserName } from "../../shared/UserName";
import { Highlighted } from "./Highlighted";
import type { Group } from "./filters";
import type { Found } from "./useSearch";
import classes from "./search.module.css";

const MANY_BEHIND = 1_000;

export const LIST_ID = "search-results";
export const optionId = (item: FoundMessage) => `found-${item.id}`;

interface Props {
  found: Found;
  groups: readonly Group[];
  loading: boolean;
  adding: boolean;
  /** The result that Enter opens. */
  active: FoundMessage | undefined;
  onOpen: (item: FoundMessage) => void;
  onMore: () => void;
  onRetry: () => void;
}

/** What was found, room by room; or why there is nothing. */
export function SearchResults({ found, groups, loading, adding, active, onOpen, onMore, onRetry }: Props) {
  return (
    <div className={classes.results} data-testid="search-results" data-loading={loading || undefined}>
      {found.behind > MANY_BEHIND && (
        <Text size="xs" c="dimmed" px="md" py={6} role="status">
          Messages are still being indexed: {found.behind.toLocaleString()} events to go. Some cannot be found
          yet.
        </Text>
      )}
      <div id={LIST_ID} role="listbox" aria-label="Messages found" aria-busy={loading}>
        {groups.map(({ room, items }) => (
          <div key={room.id} role="group" aria-label={plain(room.name)} data-room-id={room.id}>
            <div className={classes.room}>
              <Icon name={ROOM_ICONS[room.kind]} size={14} />
              <bdi className={classes.roomName}>{plain(room.name)}</bdi>
              <span>{items.length}</span>
            </div>
            {items.map((item) => (
              <Result
                key={item.id}
                item={item}
                now={found.at}
                active={item.id === active?.id}
                onOpen={() => onOpen(item)}
              />
            ))}
          </div>
        ))}
      </div>
      {found.error !== null && (
        <Alert color="red" variant="light" role="alert" m="md">
          <Stack gap="xs" align="flex-start">
            {found.error}
            {found.retryable && (
              <Button size="compact-sm" variant="light" color="red" onClick={onRetry} loading={adding}>
                Try again
              </Button>
            )}
          </Stack>
        </Alert>
      )}
      {found.error === null && found.items.length === 0 && !loading && <Nothing />}
      {loading && found.items.length === 0 && <Loader size="sm" m="md" aria-label="Searching" />}
      {found.next !== null && found.error === null && (
        <Button variant="subtle" fullWidth radius={0} onClick={onMore} loading={adding}>
          Show more
        </Button>
      )}
    </div>
  );
}

interface ResultProps {
  item: FoundMessage;
  now: number;
  active: boolean;
  onOpen: () => void;
}

/* Keys are taken by the text box, which keeps the focus: arrows choose an option, Enter opens it. */
function Result({ item, now, active, onOpen }: ResultProps) {
  const at = Date.parse(item.ts);
  return (
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
    <div
      id={optionId(item)}
      role="option"
      aria-selected={active}
      className={classes.result}
      data-event-id={item.id}
      onClick={onOpen}
    >
      <div className={classes.head}>
        <span className={classes.sender}>
          <UserName user={item.sender} />
        </span>
        <time dateTime={item.ts} title={fullTime(at)}>
          {dayName(at, now)}, {clock(at)}
        </time>
      </div>
      <div className={classes.text} dir="auto">
        <Highlighted pieces={item.highlights} />
      </div>
    </div>
  );
}

function Nothing() {
  return (
    <Stack align="center" gap={4} p="xl">
      <Text fw={600}>Nothing was found</Text>
      <Text size="sm" c="dimmed" ta="center" maw={420}>
        Try fewer or other words, or the beginning of one: <code>deploy*</code>. Only rooms that you are in
        are searched.
      </Text>
    </Stack>
  );
}
