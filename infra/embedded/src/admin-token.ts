import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TokenStore } from '@millrace/eventlog';
import { makeIds, sha256Hex, systemClock } from '@millrace/runtime';

export interface AdminToken {
  readonly token: string;
  /** Made just now: nobody has seen it yet. `configured`: the operator chose it. */
  readonly origin: 'new' | 'kept' | 'configured';
}

/** The record of the token that the configuration names, whatever its text. */
const CONFIGURED_ID = 'configured';

const store = async (tokens: TokenStore, id: string, sha256: string): Promise<void> =>
  tokens.put({ id, sha256, label: 'admin', scopes: ['admin'], createdAt: new Date(systemClock.now()).toISOString() });

const adoptConfigured = async (tokens: TokenStore, token: string): Promise<AdminToken> => {
  await store(tokens, CONFIGURED_ID, sha256Hex(token));
  return { token, origin: 'configured' };
};

const readKept = async (path: string): Promise<string> => (await readFile(path, 'utf8').catch(() => '')).trim();

const makeNew = async (tokens: TokenStore, path: string): Promise<AdminToken> => {
  const { id, token, sha256 } = makeIds().newToken();
  await writeFile(`${path}.new`, `${token}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  await store(tokens, id, sha256);
  return { token, origin: 'new' };
};

export interface AdminTokenOptions {
  readonly dataDir: string;
  readonly tokens: TokenStore;
  readonly configured: string | undefined;
}

/**
 * The token with all rights: the configured one, or the one that the first start made and `admin-token` keeps. One that is
 * no longer in the bucket was revoked, or the bucket is new: then another is made. A configured token that is
 * configured no more stops working.
 */
export const ensureAdminToken = async ({ dataDir, tokens, configured }: AdminTokenOptions): Promise<AdminToken> => {
  await tokens.ready;
  if (configured !== undefined) return adoptConfigured(tokens, configured);
  if (tokens.list().some(({ id }) => id === CONFIGURED_ID)) await tokens.remove(CONFIGURED_ID);
  const path = join(dataDir, 'admin-token');
  const kept = await readKept(path);
  if (kept !== '' && tokens.bySha256(sha256Hex(kept)) !== undefined) return { token: kept, origin: 'kept' };
  return makeNew(tokens, path);
};
