const distance = (a: string, b: string): number => {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
};

/** The candidate that was probably meant: the nearest by edit distance, or nothing when none is near. */
export const suggest = (typed: string, candidates: Iterable<string>): string | undefined => {
  const tolerance = Math.max(2, Math.floor(typed.length / 3));
  let best: { candidate: string; cost: number } | undefined;
  for (const candidate of candidates) {
    const cost = distance(typed.toLowerCase(), candidate.toLowerCase());
    if (cost <= tolerance && (best === undefined || cost < best.cost)) best = { candidate, cost };
  }
  return best?.candidate;
};
