/** Which messages a room keeps in view: ids, the newest pin first. */

import type { ChatEvent } from "@roomlog/client";

export type Pins = readonly string[];

/** Fold live events in log order; where nothing changes, the list stays the same object. */
export function applyToPins(pins: Pins, events: readonly ChatEvent[]): Pins {
  return events.reduce(applyOne, pins);
}

function applyOne(pins: Pins, event: ChatEvent): Pins {
  const message = event.d.event;
  if (typeof message !== "string") return pins;
  const isPinned = pins.includes(message);
  switch (event.type) {
    case "MessagePinned":
      return isPinned ? pins : [message, ...pins];
    case "MessageUnpinned":
    case "MessageDeleted":
      return isPinned ? pins.filter((each) => each !== message) : pins;
    default:
      return pins;
  }
}
