import { useEffect, useState } from "react";
import type { Api } from "../../api";
import type { Me } from "../../api/auth";
import { ChatSession } from "../../session/session";
import { SessionContext } from "../../shared/context";
import { alertOutside } from "./desktopAlerts";
import { Shell } from "./Shell";
import { usePageSignals } from "./usePageSignals";

interface Props {
  api: Api;
  me: Me;
  onSignedOut: () => void;
}

/** Runs one chat session for as long as a person is signed in. */
export function SignedIn({ api, me, onSignedOut }: Props) {
  const [session] = useState(
    () => new ChatSession(api, me, { preferredNode: nodeOfAddress(), onSignedOut, alert: alertOutside }),
  );

  useEffect(() => {
    session.start();
    const unwatch = api.auth.watchToken((token) => session.tokenRenewed(token));
    return () => {
      unwatch();
      session.stop();
    };
  }, [api, session]);
  usePageSignals(session);

  async function signOut() {
    session.stop();
    await api.auth.logout().catch(() => undefined);
    onSignedOut();
  }

  return (
    <SessionContext value={session}>
      <Shell me={me} onSignOut={() => void signOut()} />
    </SessionContext>
  );
}

/** `?node=n2` in the address asks for that node first: for operators, and for tests. */
function nodeOfAddress(): string | null {
  return new URLSearchParams(location.search).get("node");
}
