/** Prints rows of what, figure, note in columns. */
export const print = (table: readonly (readonly string[])[]): void => {
  const widths = [0, 1].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const [what = '', figure = '', note = ''] of table) {
    process.stdout.write(`${what.padEnd(widths[0] ?? 0)}  ${figure.padStart(widths[1] ?? 0)}  ${note}\n`);
  }
};
