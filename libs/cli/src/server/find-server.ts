import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createClient, type MillraceClient } from '@millrace/client';
import { CommandError, EXIT } from '../exit-codes.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What `.millrace/server.json` says, as far as it says it. Declared here so that no command loads the server's code to read it. */
export interface ServerFile {
  readonly url: string;
  readonly token: string;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly pids: Readonly<Record<string, number>>;
}

export interface ServerFlags {
  readonly url?: string;
  readonly token?: string;
}

export interface FoundServer {
  readonly url: string;
  readonly token: string | undefined;
}

const DATA_FOLDER = '.millrace';
/** Enough for a gateway that is being restarted; a person should not wait longer to hear that there is none. */
const RETRIES_MAX = 3;
const SERVER_FILE = 'server.json';

const read = (file: string): ServerFile | undefined => {
  try {
    const content = JSON.parse(readFileSync(file, 'utf8')) as Partial<ServerFile>;
    return typeof content.url === 'string'
      ? ({ token: '', natsUrl: '', databaseUrl: '', pids: {}, ...content } as ServerFile)
      : undefined;
  } catch {
    return undefined;
  }
};

/** The data folder of the server that belongs here: `MILLRACE_DATA_DIR`, or `.millrace` here or in a folder above. */
export const findServerFile = (
  env: Environment,
  cwd: string,
): { readonly dataDir: string; readonly file: ServerFile } | undefined => {
  const configured = env['MILLRACE_DATA_DIR'] ?? '';
  if (configured !== '') {
    const dataDir = resolve(cwd, configured);
    const file = read(join(dataDir, SERVER_FILE));
    return file && { dataDir, file };
  }
  for (let folder = cwd; ; folder = dirname(folder)) {
    const dataDir = join(folder, DATA_FOLDER);
    const file = read(join(dataDir, SERVER_FILE));
    if (file !== undefined) return { dataDir, file };
    if (dirname(folder) === folder) return undefined;
  }
};

const given = (...texts: readonly (string | undefined)[]): string | undefined =>
  texts.find((text) => text !== undefined && text !== '');

const sameOrigin = (a: string, b: string): boolean =>
  URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin;

/**
 * Address and token: flags before `MILLRACE_URL` and `MILLRACE_TOKEN` before `server.json`. The token of `server.json` is
 * sent to the server it belongs to and to no other.
 *
 * @throws CommandError `unavailable` when nothing says where a server is.
 */
export const findServer = (flags: ServerFlags, env: Environment, cwd: string): FoundServer => {
  const found = findServerFile(env, cwd)?.file;
  const url = given(flags.url, env['MILLRACE_URL'], found?.url);
  if (url === undefined) {
    const where = given(env['MILLRACE_DATA_DIR']) ?? `${DATA_FOLDER} here or in a folder above`;
    throw new CommandError(
      EXIT.unavailable,
      `no server found: no ${SERVER_FILE} in ${where}, and MILLRACE_URL is not set`,
      'start one with: millrace serve',
      'or name one with --url',
    );
  }
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new CommandError(EXIT.usage, `"${url}" is no address of a server`, 'write it like http://127.0.0.1:8080');
  }
  const own = found !== undefined && sameOrigin(found.url, url) ? found.token : undefined;
  return { url, token: given(flags.token, env['MILLRACE_TOKEN'], own) };
};

export const connect = (flags: ServerFlags, env: Environment, cwd: string): MillraceClient => {
  const { url, token } = findServer(flags, env, cwd);
  return createClient({
    baseUrl: url,
    clientName: 'millrace-cli',
    retriesMax: RETRIES_MAX,
    ...(token !== undefined && { token }),
  });
};
