/** Short messages that come over the page and go by themselves. */

export interface Toast {
  id: string;
  tone: "info" | "error";
  title: string;
  text: string;
  /** The room that pressing it opens. */
  room: string | null;
}

const MOST = 4;

/** Add one; the same one again replaces itself, and beyond a few the oldest goes. */
export function addToast(list: readonly Toast[], toast: Toast): readonly Toast[] {
  return [...list.filter((each) => each.id !== toast.id), toast].slice(-MOST);
}
