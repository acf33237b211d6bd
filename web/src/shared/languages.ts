/** The languages that a room can say it speaks, as the server knows them (`roomlog/search/languages.py`). */

export const SIMPLE = "simple";
const CODES = "ar hy eu ca da nl en fi fr de el hi hu id ga it lt ne no pt ro ru sr es sv ta tr yi".split(
  " ",
);
const NAMES = new Intl.DisplayNames(undefined, { type: "language" });

export function languageName(code: string): string {
  return CODES.includes(code) ? (NAMES.of(code) ?? code) : "any";
}

/** All languages by their names, after the choice of none. */
export const LANGUAGES = [
  { value: SIMPLE, label: "Any: words are found as they are written" },
  ...CODES.map((value) => ({ value, label: languageName(value) })).sort((a, b) =>
    a.label.localeCompare(b.label),
  ),
];
