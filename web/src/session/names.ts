import type { ChatApi, Users } from "../api/chat";
import { Batch } from "./batch";

const AT_ONCE = 100;
const WAIT_MS = 30;

/** Looks up the names of users whom only events mentioned, many at a time and each once. */
export class Names {
  private readonly asked = new Set<string>();
  private readonly batch: Batch<string>;

  constructor(
    private readonly api: ChatApi,
    private readonly known: () => Readonly<Record<string, string>>,
    private readonly found: (users: Users) => void,
  ) {
    this.batch = new Batch(WAIT_MS, (ids) => this.lookUp(ids), false);
  }

  want(user: string): void {
    if (this.asked.has(user)) return;
    this.asked.add(user);
    this.batch.add(user);
  }

  /** A user's name for a sentence; "Someone" where it cannot be found out now. */
  async nameOf(user: string): Promise<string> {
    const known = this.known()[user];
    if (known !== undefined) return known;
    const users = await this.api.users([user]).catch((): Users => ({}));
    this.found(users);
    return users[user]?.name ?? "Someone";
  }

  stop(): void {
    this.batch.stop();
  }

  private lookUp(ids: string[]): void {
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const some = ids.slice(start, start + AT_ONCE);
      this.api.users(some).then(this.found, () => some.forEach((id) => this.asked.delete(id)));
    }
  }
}
