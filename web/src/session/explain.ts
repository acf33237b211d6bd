import { ApiError, CommandFailed } from "@roomlog/client";

/** Turn any failure into a sentence for the person. */
export function explain(error: unknown): string {
  if (error instanceof ApiError || error instanceof CommandFailed) return error.message;
  return "Something went wrong. Reload the page and try again.";
}
