import { useRef } from "react";
import type { TouchEvent } from "react";

const LONG_MS = 450;
const STILL_PX = 10;

/** Handlers that call `onLongPress` when one finger rests on an element; a mouse has its own ways. */
export function useLongPress(onLongPress: () => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const start = useRef({ x: 0, y: 0 });
  const stop = () => clearTimeout(timer.current);
  return {
    onTouchStart: (event: TouchEvent) => {
      stop();
      const finger = event.touches[0];
      if (event.touches.length !== 1 || !finger) return;
      start.current = { x: finger.clientX, y: finger.clientY };
      timer.current = setTimeout(onLongPress, LONG_MS);
    },
    onTouchMove: (event: TouchEvent) => {
      const finger = event.touches[0];
      if (!finger) return;
      const { x, y } = start.current;
      if (Math.hypot(finger.clientX - x, finger.clientY - y) > STILL_PX) stop();
    },
    onTouchEnd: stop,
    onTouchCancel: stop,
  };
}
