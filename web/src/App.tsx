import { useEffect, useState } from "react";
import type { Api } from "./api";
import type { Me } from "./api/auth";
import { AuthPage } from "./features/auth/AuthPage";
import { Splash } from "./features/shell/Splash";
import { SignedIn } from "./features/shell/SignedIn";
import { explain } from "./session/explain";
import { backToInvite, keepInvite } from "./shared/keptInvite";

type Who = { state: "checking"; error: string | null } | { state: "out" } | { state: "in"; me: Me };

const CHECK_AGAIN_MS = 2_000;

/** Decides between the sign-in page and the chat. */
export function App({ api }: { api: Api }) {
  const [who, setWho] = useState<Who>({ state: "checking", error: null });

  useEffect(keepInvite, []);
  useEffect(() => {
    if (who.state !== "checking") return;
    const timer = setTimeout(() => void check(api).then(setWho), who.error === null ? 0 : CHECK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [api, who]);

  function signedIn(me: Me) {
    backToInvite();
    setWho({ state: "in", me });
  }

  if (who.state === "checking") return <Splash error={who.error} />;
  if (who.state === "out") return <AuthPage auth={api.auth} onSignedIn={signedIn} />;
  return <SignedIn key={who.me.id} api={api} me={who.me} onSignedOut={() => setWho({ state: "out" })} />;
}

async function check(api: Api): Promise<Who> {
  try {
    const me = await api.auth.me();
    return me ? { state: "in", me } : { state: "out" };
  } catch (error) {
    return { state: "checking", error: explain(error) };
  }
}
