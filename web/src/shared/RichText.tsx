import { Anchor } from "@mantine/core";
import { memo } from "react";
import { linkify } from "./linkify";
import { plain } from "./plain";

/** A text from a user: inert, except for links to http and https. */
export const RichText = memo(function RichText({ text }: { text: string }) {
  return linkify(plain(text)).map((piece, index) =>
    piece.href === null ? (
      piece.text
    ) : (
      <Anchor key={index} href={piece.href} target="_blank" rel="noopener noreferrer nofollow" inherit>
        {piece.text}
      </Anchor>
    ),
  );
});
