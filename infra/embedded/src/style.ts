/** How text looks on a terminal; on anything else, and with `NO_COLOR`, it stays plain. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
}

export const makeStyle = (isColored: boolean): Style => {
  const paint =
    (code: number) =>
    (text: string): string =>
      isColored ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { bold: paint(1), dim: paint(2), red: paint(31), yellow: paint(33) };
};
