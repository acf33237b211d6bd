/** Whether the person points with something that hovers, rather than with fingers and a keyboard on the screen. */
export function canHover(): boolean {
  return matchMedia("(hover: hover)").matches;
}
