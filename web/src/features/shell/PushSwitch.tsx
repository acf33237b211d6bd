import { Menu } from "@mantine/core";
import { useEffect, useState } from "react";
import type { PushState } from "../../session/webPush";
import { explain } from "../../session/explain";
import { useSession } from "../../shared/context";
import { Icon } from "../../shared/icons";

/** Web push on this browser; not there where browser or server cannot do it. */
export function PushSwitch() {
  const { webPush } = useSession();
  const [state, setState] = useState<PushState>("unsupported");
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    void webPush.state().then(setState, () => undefined);
  }, [webPush]);

  async function toggle() {
    setProblem(null);
    try {
      if (state === "on") await webPush.turnOff();
      else await webPush.turnOn();
    } catch (error) {
      setProblem(explain(error));
    }
    setState(await webPush.state());
  }

  if (state === "unsupported") return null;
  const told = state === "blocked" ? "blocked in your browser" : state;
  return (
    <Menu.Item
      leftSection={<Icon name="bell" />}
      role="menuitemcheckbox"
      aria-checked={state === "on"}
      disabled={state === "blocked"}
      closeMenuOnClick={false}
      onClick={() => void toggle()}
    >
      {problem ?? `When no page is open: ${told}`}
    </Menu.Item>
  );
}
