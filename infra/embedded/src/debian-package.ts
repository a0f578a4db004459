import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '@millrace/kernel';

const run = promisify(execFile);

/** Suites to look in, by distribution: the calmer one first. */
const SUITES: Readonly<Record<string, readonly string[]>> = { debian: ['testing', 'sid'], ubuntu: ['devel'] };

const UPDATE_TIMEOUT_MS = 60_000;

/** Reads `ID` and `ID_LIKE` of os-release; `undefined` when it is neither Debian nor Ubuntu. */
export const distributionOf = (osRelease: string): string | undefined => {
  const value = (key: string): string =>
    new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(osRelease)?.[1]?.toLowerCase() ?? '';
  const names = [value('ID'), ...value('ID_LIKE').split(' ')];
  return names.find((name) => name in SUITES);
};

const ARCHIVE_HOST = /\b(?:https?|ftp|mirror\+https?|mirror\+file|file|cdrom):\S+/;

/** A source is of the main archive when its suites are not those of security or of a foreign repository. */
const isMainArchive = (uris: string, suites: string): boolean => {
  const isDebianLike = /\/(?:debian|ubuntu|ubuntu-ports)\/?(?:\s|$)/.test(uris);
  return isDebianLike && !/security|backports/.test(uris) && suites.split(/\s+/).some((suite) => !suite.includes('-'));
};

const fieldOf = (stanza: string, name: string): string =>
  new RegExp(`^${name}:\\s*(.*)$`, 'im').exec(stanza)?.[1]?.trim() ?? '';

/** The stanzas of a deb822 file that are of the main archive, with their suites replaced; without a suite they keep their own. */
export const replaceDeb822Suites = (text: string, suite: string | undefined): string =>
  text
    .split(/\n\s*\n/)
    .map((stanza) => stanza.replaceAll(/^#.*\n?/gm, '').trim())
    .filter((stanza) => isMainArchive(fieldOf(stanza, 'URIs'), fieldOf(stanza, 'Suites')))
    .map((stanza) =>
      stanza
        .replace(/^Types:.*$/im, 'Types: deb')
        .replace(/^Suites:.*$/im, `Suites: ${suite ?? fieldOf(stanza, 'Suites')}`)
        .replace(/^Components:.*$/im, suite === 'devel' ? 'Components: main universe' : 'Components: main'),
    )
    .join('\n\n');

/** The one-line sources that are of the main archive, with their suites replaced; without a suite they keep their own. */
export const replaceOneLineSuites = (text: string, suite: string | undefined): string => {
  const lines = text.split('\n').flatMap((line) => {
    const match = /^deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+/.exec(line.trim());
    const [, options = '', uri = '', was = ''] = match ?? [];
    if (match === null || !ARCHIVE_HOST.test(uri) || !isMainArchive(uri, was)) return [];
    return [`deb ${options}${uri} ${suite ?? was} main${suite === 'devel' ? ' universe' : ''}`];
  });
  return [...new Set(lines)].join('\n');
};

const readSources = async (root: string): Promise<readonly { readonly name: string; readonly text: string }[]> => {
  const folder = join(root, 'sources.list.d');
  const parts = await readdir(folder).catch(() => []);
  const paths = [join(root, 'sources.list'), ...parts.map((part) => join(folder, part))];
  return Promise.all(paths.map(async (name) => ({ name, text: await readFile(name, 'utf8').catch(() => '') })));
};

const writeSources = async (root: string, folder: string, suite: string | undefined): Promise<boolean> => {
  await mkdir(folder, { recursive: true });
  let found = false;
  for (const [index, source] of (await readSources(root)).entries()) {
    const isDeb822 = source.name.endsWith('.sources');
    if (!isDeb822 && !source.name.endsWith('.list')) continue;
    const text = isDeb822 ? replaceDeb822Suites(source.text, suite) : replaceOneLineSuites(source.text, suite);
    if (text === '') continue;
    found = true;
    await writeFile(join(folder, `source-${index}.${isDeb822 ? 'sources' : 'list'}`), `${text}\n`);
  }
  return found;
};

export interface DebianPackagesOptions {
  /** An empty folder that is ours alone. */
  readonly folder: string;
  readonly packages: readonly string[];
  /** Default: those of the system. */
  readonly suite?: string;
  /** Where the system keeps its sources. Default `/etc/apt`. */
  readonly aptRoot?: string;
  /** Fetches what they depend on as well, as far as the system does not have it. Default `false`. */
  readonly withMissing?: boolean;
}

const DEPENDS = [
  'depends',
  '--recurse',
  ...['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`),
];

/** Names of the packages and of all that they need, without virtual ones and those that the system has. */
const missingPackages = async (
  packages: readonly string[],
  settings: readonly string[],
): Promise<readonly string[]> => {
  const limits = { timeout: UPDATE_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 };
  const [needed, known] = await Promise.all([
    run('apt-cache', [...settings, ...DEPENDS, ...packages], limits),
    run('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n'], limits),
  ]);
  const present = new Set(known.stdout.split('\n').flatMap((line) => /^(\S+) installed$/.exec(line)?.[1] ?? []));
  // What a package is, stands at the margin; how others relate to it, behind blanks.
  const names = needed.stdout.split('\n').filter((line) => /^[a-z0-9]/.test(line));
  return [...new Set([...packages, ...names.filter((name) => !present.has(name) && !name.includes(':'))])];
};

/**
 * Fetches packages of Debian or Ubuntu from the system's own archive and unpacks them over each other, without what they depend on unless asked.
 * apt checks their signatures as ever. Nothing of the system is changed: lists, cache and programs lie in the folder.
 *
 * @returns the folder that stands for `/`.
 * @throws AppError `unavailable` `debian.download_failed`.
 */
export const downloadDebianPackages = async (options: DebianPackagesOptions): Promise<string> => {
  const { folder, packages, suite, aptRoot = '/etc/apt' } = options;
  const parts = join(folder, 'sources');
  try {
    if (!(await writeSources(aptRoot, parts, suite))) throw new Error('no source of the main archive was found');
    const lists = join(folder, 'lists');
    const cache = join(folder, 'cache');
    await Promise.all([
      mkdir(join(lists, 'partial'), { recursive: true }),
      mkdir(join(cache, 'archives', 'partial'), { recursive: true }),
    ]);
    const settings = [
      'Dir::Etc::sourcelist=/dev/null',
      `Dir::Etc::sourceparts=${parts}`,
      `Dir::State::lists=${lists}`,
      `Dir::Cache=${cache}`,
      // The folder may lie where apt's own user cannot go.
      'APT::Sandbox::User=root',
      'Acquire::Languages=none',
      'Acquire::Retries=1',
    ].flatMap((setting) => ['-o', setting]);
    const limits = { cwd: folder, timeout: UPDATE_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 };
    await run('apt-get', [...settings, '-qq', 'update'], limits);
    const wanted = options.withMissing === true ? await missingPackages(packages, settings) : packages;
    await run('apt-get', [...settings, '-qq', 'download', ...wanted], limits);
    const archives = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
    if (archives.length === 0) throw new Error('apt-get fetched nothing');
    const root = join(folder, 'package');
    for (const archive of archives) await run('dpkg', ['-x', join(folder, archive), root], limits);
    return root;
  } catch (cause) {
    const message = `no ${packages.join(', ')} from ${suite === undefined ? 'the archive' : `the suite ${suite}`}`;
    throw new AppError('unavailable', 'debian.download_failed', message, { cause });
  }
};

/** The suites to try on this system, best first; none where it is no Debian. */
export const debianSuites = async (osReleasePath = '/etc/os-release'): Promise<readonly string[]> => {
  const distribution = distributionOf(await readFile(osReleasePath, 'utf8').catch(() => ''));
  return distribution === undefined ? [] : (SUITES[distribution] ?? []);
};
