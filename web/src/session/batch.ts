/** Collect items that arrive within `ms` and hand them on together; the first after a pause goes at once. */
export class Batch<T> {
  private waiting: T[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly ms: number,
    private readonly deliver: (items: T[]) => void,
    private readonly firstAtOnce: boolean,
  ) {}

  add(item: T): void {
    this.waiting.push(item);
    if (this.timer !== null) return;
    this.timer = setTimeout(() => this.expire(), this.ms);
    if (this.firstAtOnce) queueMicrotask(() => this.flush());
  }

  /** Hand on what waits, for instance before something that must not overtake it. */
  flush(): void {
    if (this.waiting.length === 0) return;
    const items = this.waiting;
    this.waiting = [];
    this.deliver(items);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.waiting = [];
  }

  private expire(): void {
    this.timer = null;
    this.flush();
  }
}
