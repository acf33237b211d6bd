import { useEffect, useMemo, useState } from "react";
import type { LinkPreview } from "../../api/previews";
import { useChat, useSession } from "../../shared/context";
import { linkify } from "../../shared/linkify";
import { useLinkPreviews } from "../../shared/linkPreviews";
import { plain } from "../../shared/plain";
import { fitted } from "../../shared/sizes";
import { useRowActions } from "./actions";
import classes from "./LinkCard.module.css";

/** Rows that are only scrolled past ask for nothing. */
const SETTLED_MS = 300;
const BOX = { width: 360, height: 200 };

/** What the first link of a message leads to, unless the room or the person does not want that. */
export function LinkCard({ text }: { text: string }) {
  const { room } = useRowActions();
  const { on } = useLinkPreviews();
  const isWanted = useChat((state) => state.rooms[room]?.link_previews !== false);
  const url = useMemo(() => linkify(plain(text)).find((piece) => piece.href !== null)?.href ?? null, [text]);
  return url !== null && on && isWanted ? <Card key={url} url={url} /> : null;
}

function Card({ url }: { url: string }) {
  const preview = usePreview(url);
  if (!preview) return null;
  const { title, description, site, image } = preview;
  const size = image && fitted(image.width, image.height, BOX);
  return (
    <a
      className={classes.card}
      href={url}
      target="_blank"
      rel="noopener noreferrer nofollow"
      data-testid="link-preview"
    >
      <span className={classes.site}>
        <bdi>{plain(site)}</bdi>
      </span>
      <span className={classes.title}>
        <bdi>{plain(title)}</bdi>
      </span>
      {description !== "" && (
        <span className={classes.description}>
          <bdi>{plain(description)}</bdi>
        </span>
      )}
      {image && size && (
        <img
          className={classes.image}
          src={image.url}
          alt=""
          width={size.width}
          height={size.height}
          style={{ aspectRatio: `${size.width} / ${size.height}` }}
          loading="lazy"
          decoding="async"
        />
      )}
    </a>
  );
}

function usePreview(url: string): LinkPreview | null {
  const { previews } = useSession();
  const [preview, setPreview] = useState(() => previews.known(url));
  useEffect(() => {
    if (previews.known(url) !== undefined) return;
    let isGone = false;
    const settled = setTimeout(() => {
      void previews.find(url).then((found) => !isGone && setPreview(found));
    }, SETTLED_MS);
    return () => {
      isGone = true;
      clearTimeout(settled);
    };
  }, [previews, url]);
  return preview ?? null;
}
