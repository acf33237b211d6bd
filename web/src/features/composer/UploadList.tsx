import { Button, CloseButton, Progress } from "@mantine/core";
import { Icon } from "../../shared/icons";
import { plain } from "../../shared/plain";
import { sizeText } from "../../shared/sizes";
import type { Upload, Uploads } from "./useUploads";
import classes from "./Uploads.module.css";

/** The files that go out with the next message, how far each is, and the way to leave one out. */
export function UploadList({ uploads }: { uploads: Uploads }) {
  if (uploads.list.length === 0) return null;
  return (
    <ul className={classes.list} aria-label="Files to send" data-testid="uploads">
      {uploads.list.map((each) => (
        <Line key={each.key} upload={each} uploads={uploads} />
      ))}
    </ul>
  );
}

function Line({ upload, uploads }: { upload: Upload; uploads: Uploads }) {
  const name = plain(upload.file.name);
  const isRunning = upload.stored === null && upload.error === null;
  return (
    <li
      className={classes.line}
      data-state={isRunning ? "sending" : upload.error === null ? "stored" : "failed"}
    >
      <Icon name="file" size={18} />
      <span className={classes.name}>
        <bdi>{name}</bdi>
        {upload.error === null ? (
          <span className={classes.size}> {sizeText(upload.file.size)}</span>
        ) : (
          <span className={classes.error} role="alert">
            {" "}
            {upload.error}
          </span>
        )}
      </span>
      {isRunning && (
        <Progress
          className={classes.progress}
          value={upload.progress * 100}
          size="sm"
          animated={upload.progress === 1}
          aria-label={`Sending ${name}`}
        />
      )}
      {upload.error !== null && (
        <Button size="compact-xs" variant="light" onClick={() => uploads.retry(upload.key)}>
          Try again
        </Button>
      )}
      <CloseButton
        size="sm"
        aria-label={isRunning ? `Cancel ${name}` : `Leave out ${name}`}
        onClick={() => uploads.drop(upload.key)}
      />
    </li>
  );
}
