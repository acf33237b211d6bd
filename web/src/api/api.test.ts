import { RestClient } from "@roomlog/client";
import { expect, it, vi } from "vitest";
import { expiresIn } from "./auth";
import { reachable } from "./chat";

function answer(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status });
}

it("renews the session once after a 401 and tries again", async () => {
  const fetch = vi
    .fn()
    .mockResolvedValueOnce(answer(401, {}))
    .mockResolvedValueOnce(answer(200, { ok: true }));
  const renew = vi.fn(() => Promise.resolve(true));
  await expect(new RestClient({ base: "", fetch, renew }).get("/rooms")).resolves.toEqual({ ok: true });
  expect(renew).toHaveBeenCalledOnce();
});

it("proves with a header that a write is its own", async () => {
  const fetch = vi.fn<typeof globalThis.fetch>(() => Promise.resolve(answer(200, {})));
  await new RestClient({ base: "/api/v1", fetch }).post("/auth/logout");
  expect(fetch.mock.calls[0]?.[1]?.headers).toMatchObject({ "Roomlog-CSRF": "1" });
});

it("makes errors of problem details, of foreign pages, and of no answer", async () => {
  const fetch = vi
    .fn<typeof globalThis.fetch>()
    .mockResolvedValueOnce(
      answer(409, { title: "Conflict", detail: "This address has an account.", code: "email_taken" }),
    )
    .mockResolvedValueOnce(new Response("<html>", { status: 502 }))
    .mockRejectedValueOnce(new TypeError("failed to fetch"));
  const rest = new RestClient({ base: "", fetch });
  await expect(rest.get("/a")).rejects.toMatchObject({
    status: 409,
    code: "email_taken",
    message: "This address has an account.",
  });
  await expect(rest.get("/b")).rejects.toMatchObject({ status: 502, retryable: true });
  await expect(rest.get("/c")).rejects.toMatchObject({ status: 0, code: "offline" });
});

it("reads when a token expires, and nothing from what is no token", () => {
  const token = `h.${btoa(JSON.stringify({ exp: 1_000 })).replaceAll("=", "")}.s`;
  expect(expiresIn(token, 400_000)).toBe(600_000);
  expect(expiresIn("nonsense", 0)).toBeNull();
});

it.each([
  ["ws://127.0.0.1:8101/ws", "http:", "localhost", "ws://localhost:8101/ws"],
  ["ws://127.0.0.1:8101/ws", "http:", "192.168.1.7", "ws://192.168.1.7:8101/ws"],
  ["ws://chat.example.com/ws", "https:", "chat.example.com", "wss://chat.example.com/ws"],
  ["wss://node.example.com/ws", "https:", "chat.example.com", "wss://node.example.com/ws"],
])("reaches %s from a page at %s//%s", (url, protocol, hostname, expected) => {
  expect(reachable(url, { protocol, hostname })).toBe(expected);
});
