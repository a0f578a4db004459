/** Makes a forgotten case of a closed union a compile error. */
export const assertNever = (value: never): never => {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
};

/** States what holds here; a violation is a bug of ours, never of the caller. */
export function invariant(condition: unknown, statement: string): asserts condition {
  if (condition === false || condition === undefined || condition === null) {
    throw new Error(`invariant violated: ${statement}`);
  }
}
