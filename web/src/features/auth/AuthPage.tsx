import { Anchor, Button, Center, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import type { FormEvent } from "react";
import type { AuthApi, Me } from "../../api/auth";
import { explain } from "../../session/explain";
import { Failure } from "../../shared/Failure";
import { HOME, parseRoute, SIGN_IN, SIGN_UP, go, useRoute } from "../../shared/router";

const SHORTEST_PASSWORD = 8;

interface Props {
  auth: AuthApi;
  onSignedIn: (me: Me) => void;
}

/** Signing in and signing up: one form, which asks for a name only when the account is new. */
export function AuthPage({ auth, onSignedIn }: Props) {
  const isNew = useRoute().page === "sign-up";
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      const me = await enter(auth, form, isNew);
      if (parseRoute(location.hash).page === "sign-up") go(HOME);
      onSignedIn(me);
    } catch (failure) {
      setError(explain(failure));
      setBusy(false);
    }
  }

  return (
    <Center mih="100%" p="md" component="main">
      <Paper withBorder shadow="sm" p="xl" w="100%" maw={400} radius="lg">
        <form onSubmit={(event) => void submit(event)} key={isNew ? "new" : "known"}>
          <Stack>
            <div>
              <Title order={1} size="h2">
                {isNew ? "Create your account" : "Welcome to Roomlog"}
              </Title>
              <Text c="dimmed" size="sm">
                {isNew ? "It takes a name, an address and a password." : "Sign in to join the conversation."}
              </Text>
            </div>
            <Fields isNew={isNew} />
            <Failure text={error} />
            <Button type="submit" loading={busy} fullWidth>
              {isNew ? "Sign up" : "Sign in"}
            </Button>
            <OtherWay isNew={isNew} onSwitch={() => setError(null)} />
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}

function Fields({ isNew }: { isNew: boolean }) {
  return (
    <>
      <TextInput
        label="Email"
        name="email"
        type="email"
        autoComplete="email"
        required
        withAsterisk={false}
        data-autofocus
      />
      {isNew && (
        <TextInput
          label="Name"
          name="name"
          autoComplete="name"
          maxLength={80}
          required
          withAsterisk={false}
        />
      )}
      <PasswordInput
        label="Password"
        name="password"
        visibilityToggleButtonProps={{ "aria-label": "Show or hide what you type", tabIndex: 0 }}
        autoComplete={isNew ? "new-password" : "current-password"}
        description={isNew ? `At least ${SHORTEST_PASSWORD} characters.` : undefined}
        minLength={isNew ? SHORTEST_PASSWORD : undefined}
        required
        withAsterisk={false}
      />
    </>
  );
}

function OtherWay({ isNew, onSwitch }: { isNew: boolean; onSwitch: () => void }) {
  return (
    <Text size="sm" ta="center" c="dimmed">
      {isNew ? "You have an account? " : "You are new here? "}
      <Anchor href={isNew ? SIGN_IN : SIGN_UP} onClick={onSwitch}>
        {isNew ? "Sign in" : "Sign up"}
      </Anchor>
    </Text>
  );
}

function enter(auth: AuthApi, form: FormData, isNew: boolean): Promise<Me> {
  const text = (name: string) => {
    const value = form.get(name);
    return typeof value === "string" ? value : "";
  };
  const email = text("email").trim();
  if (!isNew) return auth.login(email, text("password"));
  return auth.register(email, text("name").trim(), text("password"));
}
