import { renameSync, writeFileSync } from 'node:fs';
import { type ServerFile, serverFilePath, type ServerProcess } from '@millrace/runtime';

export interface ServerFileWriter {
  /** Members replace those before; a pid or port of `undefined` removes it. The file is there, whole, when this returns. */
  readonly update: (change: ServerFileChange) => void;
  readonly current: () => ServerFile;
}

/** Of the processes that are named; `undefined` removes what was known. */
type ByProcess = Readonly<Partial<Record<ServerProcess, number | undefined>>>;

export interface ServerFileChange extends Partial<Omit<ServerFile, 'pids' | 'adminPorts'>> {
  readonly pids?: ByProcess;
  readonly adminPorts?: ByProcess;
}

const merge = (known: ByProcess | undefined, change: ByProcess | undefined): ServerFile['pids'] =>
  Object.fromEntries(Object.entries({ ...known, ...change }).filter(([, value]) => value !== undefined));

/** Keeps `<dataDir>/server.json` current: mode 0600, replaced by a rename, so that a reader never sees half of it. */
export const makeServerFileWriter = (dataDir: string): ServerFileWriter => {
  const path = serverFilePath(dataDir);
  const draft = `${path}.${process.pid}`;
  let content: ServerFile = { url: '', token: '', natsUrl: '', databaseUrl: '', pids: {} };
  const update = ({ pids, adminPorts, ...change }: ServerFileChange): void => {
    content = {
      ...content,
      ...change,
      pids: merge(content.pids, pids),
      adminPorts: merge(content.adminPorts, adminPorts),
    };
    // Until the address is known there is nothing that a reader could do with it.
    if (content.url === '') return;
    writeFileSync(draft, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(draft, path);
  };
  return { update, current: () => content };
};
