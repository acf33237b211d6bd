// The service worker: shows web pushes, and opens what they are about. It keeps no files and changes no requests.

self.addEventListener("install", () => void self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  const told = event.data ? event.data.json() : null;
  if (told !== null) event.waitUntil(show(told));
});

// The same tag replaces what is shown already, so that one which comes twice is there once.
function show({ title, text, tag, room, event, kind, ts }) {
  const isMessage = kind === "mention" || kind === "direct";
  const path = room === "" ? "/#/" : `/#/rooms/${room}${isMessage ? `/${event}` : ""}`;
  const data = { path };
  return self.registration.showNotification(title, { body: text, tag, data, timestamp: Date.parse(ts) });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.path));
});

async function open(path) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages[0];
  if (page === undefined) return self.clients.openWindow(path);
  await page.focus();
  page.postMessage({ open: path.slice(1) });
}
