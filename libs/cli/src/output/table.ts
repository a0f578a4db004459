import { stripVTControlCharacters } from 'node:util';

/** Wide characters take two columns; marks none. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const MARK = /\p{Mark}/u;

/** Columns that a text takes on a terminal. */
export const textWidth = (text: string): number => {
  let width = 0;
  for (const character of stripVTControlCharacters(text))
    width += MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
};

const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - textWidth(text)));

/** Rows below a heading, in columns as wide as their widest cell; the last column is not padded. */
export const formatTable = (rows: readonly (readonly string[])[]): readonly string[] => {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => textWidth(row[column] ?? ''))),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
};
