/** Unsent texts by room, so that looking into another room loses nothing. They end with the page. */
export const drafts = new Map<string, string>();
