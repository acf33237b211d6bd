import { Button } from "@mantine/core";
import { useCallback } from "react";
import type { Place } from "../../api/moderation";
import { useSession } from "../../shared/context";
import { plain } from "../../shared/plain";
import { fullTime } from "../../shared/time";
import { PersonLine } from "../room/PersonLine";
import classes from "../room/people.module.css";
import { Part } from "./Part";
import { useLoaded } from "../../shared/useLoaded";

/** Who is muted or banned, and the way out of it. */
export function Restricted({ place }: { place: Place }) {
  const { moderation } = useSession();
  const fetch = useCallback((after: string | null) => moderation.holds(place, after), [moderation, place]);
  const { found, error, change } = useLoaded(fetch);
  const isEmpty = found !== null && found.mutes.length + found.bans.length === 0;
  return (
    <Part isLoaded={found !== null} error={error} isEmpty={isEmpty} empty="Nobody is muted or banned.">
      <ul className={classes.list} data-testid="restricted">
        {found?.mutes.map(({ user, until, reason }) => (
          <PersonLine key={`m${user}`} user={user} note={told(`Muted ${end(until)}`, reason)}>
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => void change(moderation.unmute(place, user))}
            >
              Unmute
            </Button>
          </PersonLine>
        ))}
        {found?.bans.map(({ user, reason }) => (
          <PersonLine key={`b${user}`} user={user} note={told("Banned", reason)}>
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => void change(moderation.unban(place, user))}
            >
              Unban
            </Button>
          </PersonLine>
        ))}
      </ul>
    </Part>
  );
}

function end(until: string | null): string {
  return until === null ? "without an end" : `until ${fullTime(Date.parse(until))}`;
}

function told(what: string, reason: string): string {
  return reason === "" ? what : `${what}: ${plain(reason)}`;
}
