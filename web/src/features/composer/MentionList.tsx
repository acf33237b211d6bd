import { Avatar, Paper } from "@mantine/core";
import type { Named } from "../../shared/mentions";
import classes from "./Composer.module.css";

interface Props {
  id: string;
  people: readonly Named[];
  active: number;
  onPick: (person: Named) => void;
}

/** The id of one line of the list, for `aria-activedescendant`. */
export function optionId(list: string, index: number): string {
  return `${list}-${index}`;
}

/** The people whom one may mean; the keys are handled by the box that is written in. */
export function MentionList({ id, people, active, onPick }: Props) {
  return (
    <Paper className={classes.people} shadow="md" withBorder>
      <div id={id} role="listbox" aria-label="Members to mention">
        {people.map((person, index) => (
          <div
            key={person.id}
            id={optionId(id, index)}
            role="option"
            aria-selected={index === active}
            tabIndex={-1}
            className={classes.person}
            data-user-id={person.id}
            // Before the box loses the focus.
            onMouseDown={(event) => {
              event.preventDefault();
              onPick(person);
            }}
          >
            <Avatar name={person.name} color="initials" size={24} aria-hidden />
            <bdi className={classes.personName}>{person.name}</bdi>
          </div>
        ))}
      </div>
    </Paper>
  );
}
