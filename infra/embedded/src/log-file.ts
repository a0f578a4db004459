import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface LogFile {
  readonly write: (chunk: Uint8Array) => void;
  readonly close: () => void;
}

const FILE_BYTES_MAX = 10 * 1024 * 1024;

/** Appends to a file; at 10 MiB it becomes `<path>.1`, in the place of the one before, and a new one begins. */
export const openLogFile = (path: string, bytesMax = FILE_BYTES_MAX): LogFile => {
  mkdirSync(dirname(path), { recursive: true });
  let file: number | undefined = openSync(path, 'a', 0o600);
  let size = fstatSync(file).size;
  const rotate = (): void => {
    if (file !== undefined) closeSync(file);
    renameSync(path, `${path}.1`);
    file = openSync(path, 'a', 0o600);
    size = 0;
  };
  return {
    write: (chunk) => {
      if (file === undefined) return;
      try {
        if (size >= bytesMax) rotate();
        size += writeSync(file, chunk);
      } catch {
        // A full disk stops the log of a service, not the service.
      }
    },
    close: () => {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
};
