/**
 * A page is left out of by what its reader may not see, so its last row may be somebody else's: a cursor says where the next page begins, and
 * not which row was last. Ids begin with the time, so in most cases that is all that it tells.
 */
const DIGITS = '00000000-0000-7000-8000-000000000000';

/**
 * A text in the form of an id, not above `last` and above `next`: what they begin with alike, the first digit in which they differ, and
 * nothing more of `last`.
 *
 * @param last Id of the last row of a page.
 * @param next Id of the row behind it, a smaller one.
 */
export const cursorBetween = (last: string, next: string): string => {
  let same = 0;
  while (same < last.length && last[same] === next[same]) same += 1;
  return last.slice(0, same + 1) + DIGITS.slice(same + 1);
};
