import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { inject } from 'vitest';
import { TEMPLATE_DATABASE } from './test-servers.ts';

export interface Claimed {
  readonly url: string;
}

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

/** Whether this process is the one that got it: only one can create the file. */
const take = (claimsDir: string, name: string): boolean => {
  try {
    writeFileSync(join(claimsDir, name), String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  }
};

/** An account of the shared nats-server with nothing in it, for this test file alone. JetStream is enabled. */
export const claimNats = (): Claimed => {
  const { natsUrls, claimsDir } = inject('testServers');
  const account = Object.entries(natsUrls).find(([name]) => take(claimsDir, name));
  if (account === undefined) throw new Error('every account of the test nats-server is taken: raise ACCOUNTS_MAX');
  return { url: account[1] };
};

const onServer = async (use: (client: Client) => Promise<unknown>): Promise<void> => {
  const client = new Client({ connectionString: inject('testServers').postgresUrl });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
};

export interface DatabaseOptions {
  /** `migrated` by default; `empty` has no tables of ours. */
  readonly content?: 'migrated' | 'empty';
}

/** A database of the shared Postgres for this test file alone. */
export const claimDatabase = async ({ content = 'migrated' }: DatabaseOptions = {}): Promise<Claimed> => {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const template = content === 'migrated' ? TEMPLATE_DATABASE : 'template0';
  // A copy by files is one write; through the log it would be written twice.
  await onServer((client) => client.query(`create database ${name} template ${template} strategy file_copy`));
  const url = new URL(inject('testServers').postgresUrl);
  url.pathname = `/${name}`;
  return { url: url.href };
};
