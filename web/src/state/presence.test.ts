import { expect, it } from "vitest";
import { applyPresence, dropStale, startTyping, stopTyping, TYPING_MS } from "./presence";

it("takes a snapshot for the whole truth", () => {
  expect(applyPresence({ gone: "online" }, { state: { alice: "away" } })).toEqual({ alice: "away" });
});

it("applies changes, also repeated ones", () => {
  const diff = { joined: ["carol"], left: ["alice"], away: ["bob"] };
  const once = applyPresence({ alice: "online", bob: "online" }, { diff });
  expect(once).toEqual({ bob: "away", carol: "online" });
  expect(applyPresence(once, { diff })).toEqual(once);
});

it("forgets who types after a while, or when their message is there", () => {
  const typing = startTyping(startTyping({}, "alice", 1_000), "bob", 2_000);
  expect(Object.keys(dropStale(typing, 1_000 + TYPING_MS))).toEqual(["bob"]);
  expect(Object.keys(stopTyping(typing, ["bob"]))).toEqual(["alice"]);
  expect(dropStale(typing, 2_000)).toBe(typing);
});
