import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { AppError } from '@millrace/kernel';

/** Processes that a platform always has, as `server.json` names them. */
export const SERVER_PROCESSES = ['gateway', 'scheduler', 'executor', 'projector', 'nats', 'postgres'] as const;
/** These, and what is started only when there is something to do for it. */
export type ServerProcess = (typeof SERVER_PROCESSES)[number] | 'notifier';

const ServerFileSchema = Type.Object({
  /** Address of the HTTP interface. */
  url: Type.String(),
  /** A token with all rights. */
  token: Type.String(),
  natsUrl: Type.String(),
  databaseUrl: Type.String(),
  /** Current process ids; what was not started here is absent. */
  pids: Type.Record(Type.String(), Type.Integer()),
  /** Ports on loopback of `/metrics` and health; absent in files of versions that did not say. */
  adminPorts: Type.Optional(Type.Record(Type.String(), Type.Integer())),
  /** Ports of further listeners of dialects, by their names; absent when none is configured. */
  listeners: Type.Optional(Type.Record(Type.String(), Type.Integer())),
});

/** How to reach the server that runs on a data folder. Kept current by its supervisor, mode 0600. */
export interface ServerFile extends Omit<Static<typeof ServerFileSchema>, 'pids' | 'adminPorts'> {
  readonly pids: Readonly<Partial<Record<ServerProcess, number>>>;
  readonly adminPorts?: Readonly<Partial<Record<ServerProcess, number>>>;
}

export const SERVER_FILE = 'server.json';

export const serverFilePath = (dataDir: string): string => join(dataDir, SERVER_FILE);

/** Reads `<dataDir>/server.json`; `undefined` when no server has run there, or what is there is no such file. */
export const readServerFile = (dataDir: string): ServerFile | undefined => {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(serverFilePath(dataDir), 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AppError('invalid', 'server_file.unreadable', `${serverFilePath(dataDir)} cannot be read`, {
      cause: error,
    });
  }
  return Value.Check(ServerFileSchema, content) ? content : undefined;
};
