/** Sizes as people read them. */

const UNITS = ["bytes", "kB", "MB", "GB"];

/** For instance `1.2 MB`; powers of ten, as file managers count. */
export function sizeText(bytes: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const value = bytes / 1_000 ** power;
  return `${value.toLocaleString(undefined, { maximumFractionDigits: power === 0 || value >= 10 ? 0 : 1 })} ${UNITS[power]}`;
}

/** The size of a picture that fits into a box and is shown no larger than it is. */
export function fitted(width: number, height: number, most: { width: number; height: number }) {
  const scale = Math.min(1, most.width / width, most.height / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
