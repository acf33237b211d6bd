import { Mark } from "@mantine/core";
import type { FoundMessage } from "../../api/chat";
import { plain } from "../../shared/plain";

/** The part of a message that shows why it was found. The pieces are text to React: markup in them is shown, not obeyed. */
export function Highlighted({ pieces }: { pieces: FoundMessage["highlights"] }) {
  return pieces.map(({ text, match }, index) =>
    match ? <Mark key={index}>{plain(text)}</Mark> : plain(text),
  );
}
