import { useMemo, useRef, useState } from "react";
import type { KeyboardEvent } from "react";
import { useChat } from "../../shared/context";
import type { Named } from "../../shared/mentions";
import { plain } from "../../shared/plain";
import type { Members } from "../../state/members";
import { candidates, complete, mentionsIn, searchAt } from "./mentioning";
import type { Search } from "./mentioning";

const NOBODY: Members = {};

/** Offers the room's members after an `@`; `place` puts a completed text and the caret into the box. */
export function useMentions(room: string, text: string, place: (text: string, caret: number) => void) {
  const people = usePeople(room);
  const [search, setSearch] = useState<Search | null>(null);
  const [active, setActive] = useState(0);
  const picked = useRef(new Map<string, string>());
  const offered = useMemo(() => (search === null ? [] : candidates(search.query, people)), [search, people]);

  function look(next: string, caret: number) {
    setSearch(searchAt(next, caret));
    setActive(0);
  }

  function pick(person: Named) {
    if (search === null) return;
    picked.current.set(person.name, person.id);
    const done = complete(text, search, person.name);
    setSearch(null);
    place(done.text, done.caret);
  }

  /** True where the list took the key. */
  function onKey(event: KeyboardEvent): boolean {
    const person = offered[active];
    if (!person) return false;
    if (event.key === "ArrowDown") setActive((active + 1) % offered.length);
    else if (event.key === "ArrowUp") setActive((active + offered.length - 1) % offered.length);
    else if (event.key === "Enter" || event.key === "Tab") pick(person);
    else if (event.key === "Escape") setSearch(null);
    else return false;
    event.preventDefault();
    return true;
  }

  const close = () => setSearch(null);
  const mentioned = (written: string) => mentionsIn(written, people, picked.current);
  return { offered, active, look, pick, onKey, close, mentioned };
}

/** Everybody else in the room whose name is known. */
function usePeople(room: string): readonly Named[] {
  const members = useChat((state) => state.members[room]) ?? NOBODY;
  const names = useChat((state) => state.names);
  const me = useChat((state) => state.me);
  return useMemo(
    () =>
      Object.keys(members)
        .filter((id) => id !== me && names[id] !== undefined)
        .map((id) => ({ id, name: plain(names[id] ?? "") })),
    [members, names, me],
  );
}
