import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findNatsServer } from '@millrace/embedded';
import { type Strace, straceArguments } from './find-strace.ts';

/** What changes a file or the name of one, and what makes that durable; with `?` what not every architecture has. */
const CALLS = [
  '?open',
  'openat',
  '?creat',
  'close',
  'lseek',
  'write',
  'pwrite64',
  'ftruncate',
  '?rename',
  '?renameat',
  'renameat2',
  '?unlink',
  'unlinkat',
  'fsync',
  'fdatasync',
];

export interface TracedNatsServer {
  /** For `NATS_SERVER_BIN`: a program that runs the server under strace. */
  readonly program: string;
  /** What strace writes; a call stands there before whoever made it goes on. */
  readonly trace: string;
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Makes a nats-server whose system calls on files are recorded, in `folder`. One start only: a second one overwrites the trace. */
export const makeTracedNatsServer = async (folder: string, strace: Strace): Promise<TracedNatsServer> => {
  const server = await findNatsServer();
  const program = join(folder, 'traced-nats-server');
  const trace = join(folder, 'trace');
  const command = [strace.path, ...straceArguments(trace, CALLS), server.path].map(quote).join(' ');
  const libraries = strace.libraries === undefined ? '' : `LD_LIBRARY_PATH=${quote(strace.libraries)} `;
  // Asked for its version it is not traced.
  const text = `#!/bin/sh\ncase "$1" in --config) ${libraries}exec ${command} "$@";; esac\nexec ${quote(server.path)} "$@"\n`;
  writeFileSync(program, text, { mode: 0o755 });
  return { program, trace };
};
