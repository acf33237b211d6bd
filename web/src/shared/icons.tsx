/** The few icons that the app needs, as strokes on a 24 by 24 grid. They are decoration: labels say the meaning. */

const PATHS = {
  menu: "M4 6h16M4 12h16M4 18h16",
  plus: "M12 5v14M5 12h14",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4",
  send: "M5 12h13M12 5l7 7-7 7",
  reply: "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6v1",
  people: "M9 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM2 20a7 7 0 0 1 14 0M16 4.5a4 4 0 0 1 0 7M22 20a7 7 0 0 0-4-6.3",
  hash: "M9 4L7 20M17 4l-2 16M4 9h16M3.5 15h16",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  close: "M6 6l12 12M18 6L6 18",
  down: "M12 5v14M6 13l6 6 6-6",
  warning: "M12 4l9.5 16h-19zM12 10v4M12 17v.01",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4l3 2",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  exit: "M14 8V5H5v14h9v-3M10 12h11M18 9l3 3-3 3",
  compass: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM15.5 8.5l-2 5-5 2 2-5z",
  smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.01M15 9.5v.01",
  pencil: "M4 20l1-4.5L16.5 4a2.1 2.1 0 0 1 3 3L8.5 19zM14.5 6l3 3",
  trash: "M4 7h16M10 11v6M14 11v6M6 7l1 13h10l1-13M9 7V4h6v3",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.5 1.5M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.5-1.5",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  more: "M5 12v.01M12 12v.01M19 12v.01",
  bell: "M6 16v-5a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
  quiet: "M6 16v-5a6 6 0 0 1 9-5.2M18 11v5l2 2H9M10 21h4M4 3l16 18",
  envelope: "M3 6h18v12H3zM3 7l9 7 9-7",
  invite: "M9 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM2 20a7 7 0 0 1 14 0M19 8v6M16 11h6",
  up: "M12 19V5M6 11l6-6 6 6",
  check: "M5 12l5 5 9-10",
  building: "M5 21V4h9v17M14 10h5v11M3 21h18M8 8h3M8 12h3M8 16h3",
  globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
  updown: "M8 10l4-4 4 4M8 14l4 4 4-4",
  pin: "M9 4h6l-1 6 3 3H7l3-3zM12 13v7",
  chart: "M4 20h16M6 20v-6M11 20V9M16 20V5",
  thread: "M4 5h16v9H11l-4 4v-4H4zM8 8.5h8M8 11h5",
  clip: "M20 11.5l-8.2 8.2a5 5 0 0 1-7.1-7.1L13 4.3a3.4 3.4 0 0 1 4.8 4.8l-8.3 8.3a1.7 1.7 0 0 1-2.4-2.4L14.5 7.6",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  speech: "M4 5h16v11H10l-5 4v-4H4z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.9}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The icon of each kind of room. */
export const ROOM_ICONS = {
  public: "hash",
  private: "lock",
  direct: "speech",
  group: "people",
} as const satisfies Record<string, IconName>;
