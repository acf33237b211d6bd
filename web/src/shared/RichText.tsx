import { Anchor } from "@mantine/core";
import { memo, useMemo } from "react";
import { useChat } from "./context";
import { linkify } from "./linkify";
import { splitMentions } from "./mentions";
import type { TextPart } from "./mentions";
import { plain } from "./plain";
import classes from "./RichText.module.css";

const NOBODY: Readonly<Record<string, string>> = {};

interface Props {
  text: string;
  /** The ids of those whom it mentions. */
  mentions: readonly string[];
}

/** A text from a user: inert, except for links to http and https; names of those whom it mentions stand out. */
export const RichText = memo(function RichText({ text, mentions }: Props) {
  const names = useChat((state) => (mentions.length === 0 ? NOBODY : state.names));
  const people = useMemo(
    () => mentions.map((id) => ({ id, name: plain(names[id] ?? "") })),
    [mentions, names],
  );
  return linkify(plain(text)).map((piece, index) =>
    piece.href === null ? (
      splitMentions(piece.text, people).map((part, place) => <Words key={`${index}-${place}`} part={part} />)
    ) : (
      <Anchor key={index} href={piece.href} target="_blank" rel="noopener noreferrer nofollow" inherit>
        {piece.text}
      </Anchor>
    ),
  );
});

function Words({ part: { text, user } }: { part: TextPart }) {
  const me = useChat((state) => state.me);
  if (user === null) return text;
  return (
    <bdi className={classes.mention} data-mention={user} data-me={user === me || undefined}>
      {text}
    </bdi>
  );
}
