const SECTION = /^\s*\[\s*([^[\]]+?)\s*\]\s*(?:#.*)?$/;
const KEY = /^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=/;

const partsOf = (dotted: string): string =>
  dotted
    .split('.')
    .map((part) => part.trim().replace(/^(["'])(.*)\1$/, '$2'))
    .join('.');

/**
 * Line (from 1) of every section and key in a TOML text that has been parsed without error, by dotted path.
 * The parser gives positions for its own errors only; what stands in a multi-line string may be taken for a key, which costs a wrong
 * line in a message and nothing else.
 */
export const tomlLines = (text: string): ReadonlyMap<string, number> => {
  const lines = new Map<string, number>();
  let section = '';
  text.split('\n').forEach((line, index) => {
    const header = SECTION.exec(line)?.[1];
    const key = KEY.exec(line)?.[1];
    if (header !== undefined) section = partsOf(header);
    const path =
      header === undefined ? key && [section, partsOf(key)].filter((part) => part !== '').join('.') : section;
    if (path !== undefined && path !== '' && !lines.has(path)) lines.set(path, index + 1);
  });
  return lines;
};
