import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const REPOSITORY = join(import.meta.dirname, '..', '..');

/** A fenced block of a page. */
export interface Block {
  readonly language: string;
  /** What follows the language in the info string: `file=<path>` saves the block there, `no-run: <reason>` exempts it. */
  readonly file: string | undefined;
  readonly exemption: string | undefined;
  readonly text: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** Whether nothing but empty lines stands between this block and the one before. */
  readonly followsDirectly: boolean;
}

export interface Page {
  /** Relative to the repository. */
  readonly name: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

const FENCE = /^(`{3,})(\S*)\s*(.*)$/;

const blockOf = (info: readonly string[], lines: readonly string[], place: Pick<Block, 'line' | 'followsDirectly'>) => {
  const [language = '', rest = ''] = info;
  return {
    language: language === '' ? 'text' : language,
    file: /(?:^|\s)file=(\S+)/.exec(rest)?.[1],
    exemption: /^no-run: *(.*)$/.exec(rest)?.[1],
    text: lines.join('\n'),
    ...place,
  };
};

/** The fenced blocks of a Markdown text, in order. */
export const blocksOf = (markdown: string): readonly Block[] => {
  const blocks: Block[] = [];
  let open: { readonly fence: string; readonly info: readonly string[]; readonly line: number } | undefined;
  let inside: string[] = [];
  let lastEnd = -1;
  let proseSince = true;
  markdown.split('\n').forEach((line, index) => {
    if (open !== undefined) {
      if (line.trimEnd() === open.fence) {
        const followsDirectly = !proseSince && lastEnd >= 0;
        blocks.push(blockOf(open.info, inside, { line: open.line, followsDirectly }));
        open = undefined;
        lastEnd = index;
        proseSince = false;
      } else inside.push(line);
      return;
    }
    const match = FENCE.exec(line);
    if (match !== null) {
      const [, fence = '', language = '', rest = ''] = match;
      open = { fence, info: [language, rest], line: index + 1 };
      inside = [];
    } else if (line.trim() !== '') proseSince = true;
  });
  if (open !== undefined) throw new Error(`the block that begins in line ${open.line} has no end`);
  return blocks;
};

const readPage = (name: string): Page => {
  const text = readFileSync(join(REPOSITORY, name), 'utf8');
  return { name, text, blocks: blocksOf(text) };
};

const markdownIn = (folder: string): readonly string[] =>
  readdirSync(join(REPOSITORY, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));

/** Pages whose blocks are executed. */
export const executedPages = (): readonly Page[] =>
  ['README.md', 'CONTRIBUTING.md', ...markdownIn('docs'), ...markdownIn('docs/dialects')].map(readPage);

/** All pages that the repository shows. */
export const allPages = (): readonly Page[] => [
  ...executedPages(),
  ...['ARCHITECTURE.md', 'CHANGELOG.md', ...markdownIn('docs/adr')].map(readPage),
];

const LINK = /\]\(([^)\s]+)\)/g;

/** Relative links of a page: files relative to the repository, with the anchor where there is one. */
export const linksOf = ({ name, text }: Page): readonly { readonly file: string; readonly anchor: string }[] =>
  [...text.replaceAll(/^`{3,}[^]*?^`{3,}$/gm, '').matchAll(LINK)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/i.test(target)) return [];
    const [path = '', anchor = ''] = target.split('#');
    const file = path === '' ? name : relative(REPOSITORY, join(REPOSITORY, dirname(name), path));
    return [{ file, anchor }];
  });

/** Anchors that GitHub makes of the headings of a page. */
export const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/^#+ +(.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  );
