/**
 * Where a template leaves open what belongs to what. Two values of any length that stand beside each other, `{id}{body}`, are signed alike
 * for different deliveries: `12` + `3` and `1` + `23`. Who has seen one of them could send the other.
 */

const PLACEHOLDER = /(\{(?:body|timestamp|id|method|url)\})/;

/** A template as its texts and placeholders, in turn; texts may be empty. */
export const piecesOf = (template: string): readonly string[] => template.split(PLACEHOLDER);

/**
 * Of any length and with anything in them. A method is one of a few words of which none begins or ends another. A time has as many
 * digits as any other in its window, for none begins with 0: both end where they end.
 */
const OPEN: ReadonlySet<string> = new Set(['{id}', '{body}', '{url}']);
const CLOSED: ReadonlySet<string> = new Set(['{timestamp}', '{method}', '']);

/** Pairs of placeholders with nothing between them that says where the first one ends: not even a time does, for a body may hold one. */
export const openBoundaries = (template: string): readonly (readonly [string, string])[] => {
  const found: (readonly [string, string])[] = [];
  let before: string | undefined;
  for (const piece of piecesOf(template)) {
    if (CLOSED.has(piece)) continue;
    const isOpen = OPEN.has(piece);
    if (isOpen && before !== undefined && before !== piece) found.push([before, piece]);
    before = isOpen ? piece : undefined;
  }
  return found;
};
