import { useName } from "./context";

/** A user's name, isolated so that its writing direction changes nothing around it. */
export function UserName({ user }: { user: string }) {
  return <bdi>{useName(user)}</bdi>;
}
