import type { Attachment } from "@roomlog/client";
import { fileHref, thumbnailHref } from "../../api/files";
import { Icon } from "../../shared/icons";
import { plain } from "../../shared/plain";
import { fitted, sizeText } from "../../shared/sizes";
import classes from "./Attachments.module.css";

const BOX = { width: 360, height: 300 };
/** Anything thinner would be a line. */
const SMALLEST = 24;

/** The files of a message. The place of a picture is kept before it is there, so that nothing jumps. */
export function Attachments({ files }: { files: readonly Attachment[] }) {
  if (files.length === 0) return null;
  return (
    <div className={classes.files}>
      {files.map((file) =>
        file.width && file.height ? (
          <Picture key={file.file_id} file={file} width={file.width} height={file.height} />
        ) : (
          <FileLine key={file.file_id} file={file} />
        ),
      )}
    </div>
  );
}

function Picture({ file, width, height }: { file: Attachment; width: number; height: number }) {
  const size = fitted(width, height, BOX);
  return (
    <a
      className={classes.picture}
      href={fileHref(file.file_id)}
      target="_blank"
      rel="noopener noreferrer"
      title={plain(file.name)}
      data-file-id={file.file_id}
      style={{
        width: Math.max(size.width, SMALLEST),
        aspectRatio: `${Math.max(size.width, SMALLEST)} / ${Math.max(size.height, SMALLEST)}`,
      }}
    >
      <img
        src={thumbnailHref(file.file_id)}
        alt={plain(file.name)}
        width={size.width}
        height={size.height}
        loading="lazy"
        decoding="async"
        draggable={false}
      />
    </a>
  );
}

/** A file as a line: its name, its size, and the way to save it. */
export function FileLine({ file }: { file: Attachment }) {
  return (
    <a
      className={classes.file}
      href={`${fileHref(file.file_id)}?download=true`}
      download={plain(file.name)}
      data-file-id={file.file_id}
    >
      <Icon name="file" size={22} />
      <span className={classes.name}>
        <bdi>{plain(file.name)}</bdi>
      </span>
      <span className={classes.size}>{sizeText(file.size_bytes)}</span>
      <Icon name="download" size={16} />
    </a>
  );
}
