import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Icon } from "../../shared/icons";
import classes from "./search.module.css";

interface Props {
  on: boolean;
  onToggle: (on: boolean) => void;
  children: ReactNode;
}

/** A filter that is set or not; pressing it changes that. */
export function Chip({ on, onToggle, children }: Props) {
  return (
    <Button
      size="compact-sm"
      radius="xl"
      fw={500}
      maw={240}
      variant={on ? "filled" : "default"}
      aria-pressed={on}
      onClick={() => onToggle(!on)}
      rightSection={on ? <Icon name="close" size={12} /> : undefined}
    >
      <span className={classes.chip}>{children}</span>
    </Button>
  );
}
