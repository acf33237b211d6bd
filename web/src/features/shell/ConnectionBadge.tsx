import { Tooltip, VisuallyHidden } from "@mantine/core";
import { useChat } from "../../shared/context";
import classes from "./Shell.module.css";

const LABELS = { online: "Connected", connecting: "Connecting…", offline: "Offline" } as const;

/** Says whether messages flow, and through which node. */
export function ConnectionBadge() {
  const { state, node, reason } = useChat((chat) => chat.connection);
  const label = node === null ? LABELS[state] : `${LABELS[state]} to node ${node}`;
  return (
    <Tooltip label={reason === null ? label : `${label} ${reason}`} multiline maw={260}>
      <span
        className={classes.badge}
        role="status"
        data-testid="connection"
        data-state={state}
        data-node={node ?? ""}
      >
        <span className={classes.dot} />
        {state === "online" ? <VisuallyHidden>{label}</VisuallyHidden> : LABELS[state]}
      </span>
    </Tooltip>
  );
}
