import type { MailSettings, PushApi } from "../api/push";

const ID = "roomlog:push-subscription";
const WORKER = "/sw.js";

export type PushState = "unsupported" | "blocked" | "off" | "on";

/** How the person is told of things while no page is open: by this browser's push service, by mail. */
export class WebPush {
  constructor(private readonly api: PushApi) {}

  async state(): Promise<PushState> {
    if (!isSupported() || (await this.key()) === null) return "unsupported";
    if (Notification.permission === "denied") return "blocked";
    return (await subscribed()) === null || localStorage.getItem(ID) === null ? "off" : "on";
  }

  /** Subscribe this browser; false where the person does not allow it. Raises ApiError or DOMException. */
  async turnOn(): Promise<boolean> {
    const key = await this.key();
    if (key === null || (await Notification.requestPermission()) !== "granted") return false;
    await navigator.serviceWorker.register(WORKER);
    const worker = await navigator.serviceWorker.ready;
    const options = { userVisibleOnly: true, applicationServerKey: key };
    await this.tell(await worker.pushManager.subscribe(options));
    return true;
  }

  async turnOff(): Promise<void> {
    const id = localStorage.getItem(ID);
    localStorage.removeItem(ID);
    await (await subscribed())?.unsubscribe();
    if (id !== null) await this.api.unsubscribe(id).catch(() => undefined);
  }

  /** A subscription belongs to a sign-in: say it again for this one. */
  async renew(): Promise<void> {
    if (localStorage.getItem(ID) === null || !isSupported()) return;
    const found = await subscribed();
    if (found === null) localStorage.removeItem(ID);
    else await this.tell(found);
  }

  /** Mails about what is unread, for those who open no page for long. */
  mail(): Promise<MailSettings> {
    return this.api.mail();
  }

  wantMail(digest: boolean): Promise<MailSettings> {
    return this.api.wantMail(digest);
  }

  private async tell(subscription: PushSubscription): Promise<void> {
    const { id } = await this.api.subscribe(subscription.toJSON());
    localStorage.setItem(ID, id);
  }

  private async key(): Promise<string | null> {
    return (await this.api.settings()).key;
  }
}

function isSupported(): boolean {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

async function subscribed(): Promise<PushSubscription | null> {
  const worker = await navigator.serviceWorker.getRegistration(WORKER);
  return (await worker?.pushManager.getSubscription()) ?? null;
}
