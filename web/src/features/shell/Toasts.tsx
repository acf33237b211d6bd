import { Notification, Text, UnstyledButton } from "@mantine/core";
import { useEffect, useState } from "react";
import { useChat, useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";
import { plain } from "../../shared/plain";
import { go, roomHref } from "../../shared/router";
import type { Toast } from "../../state/toasts";
import classes from "./Toasts.module.css";

const SHOWN_MS = 6_000;
/** Failures say what to do; that takes longer to read. */
const FAILURE_SHOWN_MS = 12_000;

/** Short messages over the page. One stays while the pointer or the focus is on it. */
export function Toasts() {
  const toasts = useChat((state) => state.toasts);
  return (
    <section className={classes.toasts} aria-label="Messages" aria-live="polite" data-testid="toasts">
      {toasts.map((toast) => (
        <OneToast key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

function OneToast({ toast }: { toast: Toast }) {
  const { store } = useSession();
  const [held, setHeld] = useState(false);
  const close = () => store.dispatch({ type: "toast_closed", id: toast.id });

  useEffect(() => {
    if (held) return;
    const shown = toast.tone === "error" ? FAILURE_SHOWN_MS : SHOWN_MS;
    const timer = setTimeout(() => store.dispatch({ type: "toast_closed", id: toast.id }), shown);
    return () => clearTimeout(timer);
  }, [store, toast, held]);

  return (
    <Notification
      className={classes.toast}
      color={toast.tone === "error" ? "red" : undefined}
      icon={toast.tone === "error" ? <Icon name="warning" /> : undefined}
      role={toast.tone === "error" ? "alert" : undefined}
      withBorder
      onClose={close}
      closeButtonProps={{ "aria-label": "Close" }}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <Words toast={toast} onOpened={close} />
    </Notification>
  );
}

function Words({ toast, onOpened }: { toast: Toast; onOpened: () => void }) {
  const { room } = toast;
  const words = (
    <>
      <Text component="bdi" display="block" size="sm" fw={600} c="var(--mantine-color-text)" lineClamp={2}>
        {plain(toast.title)}
      </Text>
      {toast.text !== "" && (
        <Text component="bdi" display="block" size="sm" c="dimmed" lineClamp={4}>
          {plain(toast.text)}
        </Text>
      )}
    </>
  );
  if (room === null) return words;
  return (
    <UnstyledButton w="100%" onClick={() => (go(roomHref(room)), onOpened())}>
      {words}
    </UnstyledButton>
  );
}
