/** Marks what the next commits fill in. */
export const notYet = (...args: readonly unknown[]): never => {
  throw new Error(`not yet written (${args.length} arguments)`);
};
