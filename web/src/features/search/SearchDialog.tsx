import { CloseButton, em, Modal, TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useEffect, useMemo, useRef, useState } from "react";
import type { KeyboardEvent } from "react";
import type { FoundMessage } from "../../api/chat";
import { Icon } from "../../shared/icons";
import { go, roomHref } from "../../shared/router";
import { FilterChips } from "./FilterChips";
import type { Choosing } from "./FilterChips";
import { byRoom, NO_FILTERS } from "./filters";
import type { Filters } from "./filters";
import { SearchHelp } from "./SearchHelp";
import { LIST_ID, optionId, SearchResults } from "./SearchResults";
import { useSearch } from "./useSearch";
import classes from "./search.module.css";

const FITS_PX = 768;
const LONGEST = 1_000;
const PAGE_ROWS = 5;

interface Props {
  opened: boolean;
  openRoom: string | null;
  onClose: () => void;
}

/** The search over all of one's rooms. What was typed and found is still there when it is opened again. */
export function SearchDialog({ opened, openRoom, onClose }: Props) {
  const fits = useMediaQuery(`(min-width: ${em(FITS_PX)})`, true, { getInitialValueInEffect: false });
  const [text, setText] = useState("");
  const [filters, setFilters] = useState<Filters>(NO_FILTERS);
  const [choosing, setChoosing] = useState<Choosing>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const { found, loading, adding, more, retry } = useSearch(text, filters);
  const box = useRef<HTMLInputElement>(null);
  const groups = useMemo(() => byRoom(found.items, found.rooms), [found.items, found.rooms]);
  const shown = useMemo(() => groups.flatMap((group) => group.items), [groups]);
  const active = shown.find((item) => item.id === chosen) ?? shown[0];
  const isAsked = found.asked !== null || loading;

  useEffect(() => {
    if (chosen !== null) document.getElementById(`found-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  function open(item: FoundMessage) {
    setChosen(item.id);
    onClose();
    go(roomHref(item.room, item.id));
  }

  function move(event: KeyboardEvent, rows: number) {
    event.preventDefault();
    const place = active ? shown.indexOf(active) : -1;
    const item = shown[Math.max(0, Math.min(shown.length - 1, place + rows))];
    if (item) setChosen(item.id);
    if (rows > 0 && place + rows >= shown.length && found.next !== null) more();
  }

  function onKey(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown") move(event, 1);
    else if (event.key === "ArrowUp") move(event, -1);
    else if (event.key === "PageDown") move(event, PAGE_ROWS);
    else if (event.key === "PageUp") move(event, -PAGE_ROWS);
    else if (event.key === "Enter") {
      event.preventDefault(); // the box that gets the focus back is not to have it
      if (active && !loading) open(active);
    }
  }

  return (
    <Modal
      opened={opened}
      onClose={onClose}
      onEnterTransitionEnd={() => box.current?.select()}
      fullScreen={!fits}
      closeOnEscape={choosing === null}
      size={720}
      padding={0}
      yOffset="8dvh"
      withCloseButton={false}
      aria-label="Search messages"
      classNames={{ content: classes.content, body: classes.body }}
      transitionProps={{ duration: 100 }}
    >
      <div className={classes.top}>
        <TextInput
          ref={box}
          flex={1}
          size="md"
          variant="unstyled"
          role="combobox"
          aria-label="Search messages"
          aria-expanded={shown.length > 0}
          aria-controls={LIST_ID}
          aria-activedescendant={active && optionId(active)}
          placeholder="Search messages"
          value={text}
          onChange={(event) => (setText(event.currentTarget.value), setChosen(null))}
          onKeyDown={onKey}
          maxLength={LONGEST}
          leftSection={<Icon name="search" size={20} />}
          autoComplete="off"
          enterKeyHint="search"
          data-autofocus
        />
        <CloseButton size="lg" aria-label="Close search" onClick={onClose} />
      </div>
      <FilterChips
        filters={filters}
        openRoom={openRoom}
        choosing={choosing}
        onChoosing={setChoosing}
        onChange={(change) => (setFilters({ ...filters, ...change }), setChosen(null))}
      />
      {isAsked ? (
        <SearchResults
          found={found}
          groups={groups}
          loading={loading}
          adding={adding}
          active={active}
          onOpen={open}
          onMore={more}
          onRetry={retry}
        />
      ) : (
        <SearchHelp />
      )}
    </Modal>
  );
}
