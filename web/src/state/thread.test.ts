import { expect, test } from "vitest";
import { fromApi } from "./timeline";
import { withNews } from "./thread";

function message(id: string, replyTo: string | null = null, text = id) {
  return fromApi({ id, cursor: `1:${id}`, sender: "u", ts: "2026-01-02T03:04:05Z", text, reply_to: replyTo });
}

test("answers, and answers to them, come in as they are said", () => {
  const thread = { root: message("r"), answers: [message("a", "r")], hasMore: false };
  const news = [message("x"), message("a", "r", "better"), message("b", "a"), message("c", "x")];
  const shown = withNews(thread, news);
  expect(shown.answers.map((each) => each.text)).toEqual(["better", "b"]);
  expect(withNews({ ...thread, hasMore: true }, news).answers.map((each) => each.id)).toEqual(["a"]);
});
