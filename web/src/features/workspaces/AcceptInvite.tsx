import { Anchor, Button, Loader, Paper, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { useEffect, useState } from "react";
import type { InvitePreview } from "../../api/workspaces";
import { explain } from "../../session/explain";
import { useSession } from "../../shared/context";
import { Failure } from "../../shared/Failure";
import { Icon } from "../../shared/icons";
import { plain } from "../../shared/plain";
import { go, HOME } from "../../shared/router";

/** The page of an invite's link: where it leads, and the way in. */
export function AcceptInvite({ token }: { token: string }) {
  const { workspaces } = useSession();
  const [found, setFound] = useState<InvitePreview | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    workspaces.preview(token).then(setFound, (failure: unknown) => setError(explain(failure)));
  }, [workspaces, token]);

  async function accept() {
    setBusy(true);
    setError(null);
    try {
      await workspaces.accept(token);
      go(HOME);
    } catch (failure) {
      setError(explain(failure));
      setBusy(false);
    }
  }

  return (
    <Stack align="center" justify="center" flex={1} p="md">
      <Paper withBorder radius="lg" p="xl" w="100%" maw={400}>
        <Stack align="center" gap="sm">
          <ThemeIcon size={56} radius="xl" variant="light">
            <Icon name="building" size={30} />
          </ThemeIcon>
          {found === null && error === null && <Loader size="sm" aria-label="Loading" />}
          {found !== null && (
            <>
              <Title order={2} size="h3" ta="center">
                Join <bdi>{plain(found.name)}</bdi>
              </Title>
              <Text c="dimmed" ta="center" size="sm">
                You are invited as {found.role === "admin" ? "an" : "a"} {found.role}.
              </Text>
              <Button fullWidth loading={busy} onClick={() => void accept()}>
                Join the workspace
              </Button>
            </>
          )}
          <Failure text={error} />
          <Anchor href={HOME} size="sm">
            Not now
          </Anchor>
        </Stack>
      </Paper>
    </Stack>
  );
}
