import { type Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { WORKFLOW_PATH_PATTERN } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { type Fault } from './fault.ts';

/** How a source is checked and bundled. */
export type Language = 'shell' | 'python' | 'module' | 'executable';

/** One file that is a workflow, and the metadata beside it. */
export interface WorkflowSource {
  /** `<folder>/<name>`: what callers name it by. */
  readonly path: string;
  /** Relative to the workflows folder, with `/`. */
  readonly file: string;
  readonly absolute: string;
  readonly language: Language;
  /** The `.yaml` of the same name, relative to the workflows folder. */
  readonly metadataFile?: string;
}

/** A path at which something is wrong with the folder itself: two files, a name that cannot be, metadata of nothing. */
export interface MisplacedFile {
  /** Absent when the file's name cannot be a path at all. */
  readonly path?: string;
  readonly fault: Fault;
  /** Whether a version that is in service stays there: false when nothing is left that it could have come from. */
  readonly keepsVersion: boolean;
}

export interface FolderScan {
  readonly sources: readonly WorkflowSource[];
  readonly misplaced: readonly MisplacedFile[];
  /** Absolute; every folder in which a change can matter, the root first. */
  readonly folders: readonly string[];
}

const LANGUAGES: Readonly<Record<string, Language>> = {
  '.sh': 'shell',
  '.bash': 'shell',
  '.py': 'python',
  '.js': 'module',
  '.mjs': 'module',
  '.cjs': 'module',
  '.ts': 'module',
  '.mts': 'module',
};
const METADATA = new Set(['.yaml', '.yml']);
const NEVER_A_WORKFLOW = /^[._]|~$|\.(test|spec)\.[^.]+$|\.d\.[cm]?ts$/;
const WORKFLOW_PATH = new RegExp(WORKFLOW_PATH_PATTERN);
/** A name like `-rf` is taken for an option sooner or later. */
const PART = /^[A-Za-z0-9_][A-Za-z0-9_-]*$/;

const isWorkflowPath = (path: string): boolean =>
  WORKFLOW_PATH.test(path) && path.split('/').every((part) => PART.test(part));

interface FoundFile {
  readonly file: string;
  readonly absolute: string;
  /** Path without extension. */
  readonly path: string;
  readonly language: Language | 'metadata';
}

/** Whether a file is executable and begins with `#!`. */
const isExecutableScript = async (file: string): Promise<boolean> => {
  const { mode } = await stat(file);
  if ((mode & 0o111) === 0) return false;
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.toString('latin1') === '#!';
  } finally {
    await handle.close();
  }
};

const languageOf = async (absolute: string, extension: string): Promise<FoundFile['language'] | undefined> => {
  if (METADATA.has(extension)) return 'metadata';
  return LANGUAGES[extension] ?? ((await isExecutableScript(absolute)) ? 'executable' : undefined);
};

/** `undefined` when the entry is no file of ours, or is gone again: editors replace files in several steps. */
const inspectFile = async (absolute: string, file: string): Promise<FoundFile | undefined> => {
  try {
    if (!(await stat(absolute)).isFile()) return undefined;
    const extension = extname(file);
    const language = await languageOf(absolute, extension);
    return language && { file, absolute, language, path: extension === '' ? file : file.slice(0, -extension.length) };
  } catch {
    return undefined;
  }
};

const readFolder = async (folder: string): Promise<readonly Dirent[]> => {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
};

interface Found {
  readonly files: FoundFile[];
  readonly folders: string[];
  /** A folder that was listed was not there any more. */
  hasVanished: boolean;
}

const isGone = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** How often a folder is read that changes meanwhile. */
const WALKS_MAX = 5;

/** Files in the root are no workflows; what begins with `_` is for the workflows to import. */
const walk = async (root: string, relative: string, found: Found): Promise<void> => {
  const folder = join(root, relative);
  found.folders.push(folder);
  for (const entry of await readFolder(folder)) {
    const file = relative === '' ? entry.name : `${relative}/${entry.name}`;
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && !entry.name.startsWith('.'))
        await walk(root, file, found).catch((error: unknown) => {
          found.hasVanished ||= isGone(error);
        });
    } else if (relative !== '' && !/(^|\/)_/.test(relative) && !NEVER_A_WORKFLOW.test(entry.name)) {
      const inspected = await inspectFile(join(root, file), file);
      if (inspected !== undefined) found.files.push(inspected);
    }
  }
};

const misnamed = ({ file, path }: FoundFile): MisplacedFile => {
  const part = path.split('/').find((name) => !PART.test(name));
  const reason =
    part === undefined
      ? 'the path of a workflow has 3 to 200 characters'
      : `"${part}" cannot be part of a workflow's path: use letters, digits, _ and -, and begin with no -`;
  return { fault: { file, reason }, keepsVersion: false };
};

/** What the files of one path are together. */
const combine = (path: string, files: readonly FoundFile[]): WorkflowSource | MisplacedFile | undefined => {
  const [metadata, secondMetadata] = files.filter(({ language }) => language === 'metadata');
  const [source, second] = files.filter(({ language }) => language !== 'metadata');
  if (source === undefined || source.language === 'metadata') {
    if (metadata === undefined) return undefined;
    const reason = `metadata without a workflow: there is no ${path}.sh, .py, .js, .mjs, .ts or executable beside it`;
    return { path, fault: { file: metadata.file, reason }, keepsVersion: false };
  }
  const clash = second ?? secondMetadata;
  if (clash !== undefined) {
    const other = second === undefined ? metadata : source;
    return {
      path,
      fault: { file: clash.file, reason: `${other?.file ?? path} has the same path, ${path}` },
      keepsVersion: true,
    };
  }
  const { file, absolute, language } = source;
  return { path, file, absolute, language, ...(metadata !== undefined && { metadataFile: metadata.file }) };
};

const isSource = (item: WorkflowSource | MisplacedFile): item is WorkflowSource => 'language' in item;
const isMisplaced = (item: WorkflowSource | MisplacedFile): item is MisplacedFile => 'fault' in item;

/** Another one when the folder was moved, even away and back, or something was added to it. */
const identityOf = async (folder: string): Promise<string> => {
  const { ino, ctimeNs } = await stat(folder, { bigint: true });
  return `${ino} ${ctimeNs}`;
};

/** A folder that is moved away while it is read would seem to have lost what was not read yet. */
const walkWhole = async (folder: string): Promise<Found> => {
  try {
    for (let left = WALKS_MAX; left > 0; left -= 1) {
      const before = await identityOf(folder);
      const found: Found = { files: [], folders: [], hasVanished: false };
      await walk(folder, '', found);
      if (!found.hasVanished && (await identityOf(folder)) === before) return found;
    }
  } catch (cause) {
    throw new AppError('invalid', 'deploy.no_folder', `the workflows folder ${folder} cannot be read`, { cause });
  }
  throw new AppError('invalid', 'deploy.no_folder', `the workflows folder ${folder} changes while it is read`);
};

/**
 * Finds the workflows of a folder, ordered by path. `<folder>/<name>.<ext>` is the workflow `<folder>/<name>`; folders nest.
 * Not looked at: the root's own files, what begins with `.` or `_`, `node_modules`, `*.test.*`, declarations.
 *
 * @throws AppError `invalid` `deploy.no_folder` when the folder cannot be read, or is moved again and again while it is.
 */
export const scanFolder = async (folder: string): Promise<FolderScan> => {
  const found = await walkWhole(folder);
  const named = found.files.filter(({ path }) => isWorkflowPath(path));
  const unnamed = found.files.filter(({ path, language }) => !isWorkflowPath(path) && language in NAMED_LANGUAGES);
  const items = [...Map.groupBy(named, ({ path }) => path)].map(([path, files]) => combine(path, files));
  const known = items.filter((item) => item !== undefined);
  return {
    sources: known.filter(isSource),
    misplaced: [...known.filter(isMisplaced), ...unnamed.map(misnamed)],
    folders: found.folders,
  };
};

/** Only a file that says by its extension what it is has a wrong name; others are somebody's notes and backups. */
const NAMED_LANGUAGES = { shell: true, python: true, module: true } as const;
