import { type FSWatcher, statSync, watch } from 'node:fs';

/** Watches on exactly the folders that it was told last. */
export interface FolderWatches {
  /** Whether every one of them is watched. */
  readonly set: (folders: readonly string[]) => boolean;
  readonly close: () => void;
}

interface Watch {
  readonly watcher: FSWatcher;
  /** A folder that was replaced by another of its name needs a new watch. */
  readonly identity: string;
}

/** File systems give the inode of a removed folder to the next one. */
const identityOf = (folder: string): string | undefined => {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found && `${found.ino}:${found.birthtimeMs}`;
};

export const makeFolderWatches = (onChange: () => void): FolderWatches => {
  const watches = new Map<string, Watch>();
  const drop = (folder: string): void => {
    watches.get(folder)?.watcher.close();
    watches.delete(folder);
  };
  const add = (folder: string, identity: string): void => {
    try {
      const watcher = watch(folder, { persistent: false }, onChange);
      watcher.on('error', () => {
        drop(folder);
        onChange();
      });
      watches.set(folder, { watcher, identity });
      // What happened between the scan and this watch was seen by neither.
      onChange();
    } catch {
      // The folder is gone again, or there are no watches left: the slow scan covers it.
    }
  };
  const set = (folders: readonly string[]): boolean => {
    const wanted = new Map(folders.map((folder) => [folder, identityOf(folder)]));
    for (const [folder, { identity }] of watches) if (wanted.get(folder) !== identity) drop(folder);
    for (const [folder, identity] of wanted) if (identity !== undefined && !watches.has(folder)) add(folder, identity);
    return watches.size === folders.length;
  };
  return { set, close: () => [...watches.keys()].forEach(drop) };
};
