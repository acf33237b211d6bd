import { Button, Group, Modal, Stack } from "@mantine/core";
import { useState } from "react";
import type { FormEvent, ReactNode } from "react";
import { explain } from "../session/explain";
import { Failure } from "./Failure";

interface Props {
  title: string;
  children: ReactNode;
  /** What the button says that does it. */
  action: string;
  /** Of the button. */
  color?: string;
  disabled: boolean;
  size?: string;
  withCancel?: boolean;
  /** Does it and closes the dialog, or returns why nothing came of it. */
  onSubmit: () => Promise<string | undefined>;
  onClose: () => void;
}

/** Some fields and a button; stays open with the reason if nothing comes of it. */
export function FormDialog({
  title,
  children,
  action,
  color,
  disabled,
  size,
  withCancel = true,
  onSubmit,
  onClose,
}: Props) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const complaint = await onSubmit().catch(explain);
    if (complaint === undefined) return;
    setError(complaint);
    setBusy(false);
  }

  const button = (
    <Button type="submit" color={color} loading={busy} disabled={disabled}>
      {action}
    </Button>
  );
  return (
    <Modal opened onClose={onClose} title={title} size={size} centered>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {children}
          <Failure text={error} />
          {withCancel ? (
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              {button}
            </Group>
          ) : (
            button
          )}
        </Stack>
      </form>
    </Modal>
  );
}
