import { useEffect, useState } from "react";
import type { RefObject } from "react";

/**
 * Whether the line above the first new message is above the screen. The rows around the screen exist too, so
 * the line is measured where it exists; `isRowAbove` says where it would be otherwise.
 */
export function useIsAbove(
  log: RefObject<HTMLElement | null>,
  line: string,
  isRowAbove: boolean,
  isWanted: boolean,
): boolean {
  const [above, setAbove] = useState(false);
  useEffect(() => {
    const element = log.current;
    if (!element || !isWanted) return;
    let frame = 0;
    const measure = () => {
      const found = element.querySelector(line);
      const { top } = element.getBoundingClientRect();
      setAbove(found ? found.getBoundingClientRect().bottom < top : isRowAbove);
    };
    const soon = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(measure);
    };
    soon();
    element.addEventListener("scroll", soon, { capture: true, passive: true });
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("scroll", soon, { capture: true });
    };
  }, [log, line, isRowAbove, isWanted]);
  return isWanted && above;
}
