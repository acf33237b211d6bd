import { Avatar, Badge } from "@mantine/core";
import type { ReactNode } from "react";
import { useChat, useName } from "../../shared/context";
import type { MemberRole } from "../../state/members";
import classes from "./people.module.css";

interface Props {
  user: string;
  role?: MemberRole;
  /** A second line. */
  note?: string | null;
  isError?: boolean;
  children?: ReactNode;
}

/** A person in a list, with what can be done at the right. */
export function PersonLine({ user, role = "member", note = null, isError = false, children }: Props) {
  const name = useName(user);
  const me = useChat((state) => state.me);
  return (
    <li className={classes.person} data-user-id={user} data-role={role}>
      <Avatar name={name} color="initials" size={32} aria-hidden />
      <div className={classes.words}>
        <span className={classes.name}>
          <bdi>{name}</bdi>
          {user === me && <span className={classes.note}> (you)</span>}
        </span>
        {note !== null && (
          <span className={isError ? classes.error : classes.note} role={isError ? "alert" : undefined}>
            {note}
          </span>
        )}
      </div>
      {role !== "member" && (
        <Badge size="sm" variant="light" color={role === "owner" ? undefined : "teal"} flex="0 0 auto">
          {role}
        </Badge>
      )}
      {children}
    </li>
  );
}
