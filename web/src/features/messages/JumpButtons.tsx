import { Button } from "@mantine/core";
import { Icon } from "../../shared/icons";
import classes from "./messages.module.css";

interface Props {
  /** Set while the first new message is above the screen. */
  onFirstNew: (() => void) | null;
  /** Set while the newest row is below the screen. */
  onNewest: (() => void) | null;
}

/** The ways to where reading goes on, when that is not on the screen. */
export function JumpButtons({ onFirstNew, onNewest }: Props) {
  return (
    <>
      {onFirstNew && (
        <Button
          className={classes.jumpUp}
          size="xs"
          radius="xl"
          color="red"
          leftSection={<Icon name="up" size={14} />}
          onClick={onFirstNew}
        >
          First new message
        </Button>
      )}
      {onNewest && (
        <Button
          className={classes.jump}
          size="xs"
          radius="xl"
          leftSection={<Icon name="down" size={14} />}
          onClick={onNewest}
        >
          Newest
        </Button>
      )}
    </>
  );
}
