import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findNatsServer, type RunningNats, type RunningPostgres, startNats, startPostgres } from '@millrace/embedded';
import { migrate, openReadModel } from '@millrace/read-model';
import { makeTempFolder, sweepTempFolders } from './temp-folder.ts';

/** Test files of one run that may claim an account; each int test file takes one. */
const ACCOUNTS_MAX = 128;
/** Streams of all accounts reserve room for their limits; nothing near this is written. */
const STORE_BYTES = 100 * 1024 ** 4;
/** Databases of all test files together. */
const CONNECTIONS_MAX = 200;
export const TEMPLATE_DATABASE = 'millrace';

/** What test files are told of the servers that they share. JSON, because it travels to other processes. */
export interface TestServers {
  /** By account. */
  readonly natsUrls: Readonly<Record<string, string>>;
  /** Of the database `postgres`: for `CREATE DATABASE`. */
  readonly postgresUrl: string;
  /** Where test files claim accounts, one file each. */
  readonly claimsDir: string;
}

export interface RunningTestServers extends TestServers {
  readonly stop: () => Promise<void>;
}

const accounts = Array.from({ length: ACCOUNTS_MAX }, (_, index) => `t${index}`);

const startTestNats = async (folder: string): Promise<RunningNats> => {
  const { path: binary } = await findNatsServer();
  return startNats({
    dataDir: join(folder, 'nats'),
    durability: 'strict',
    binary,
    accounts,
    maxFileStoreBytes: STORE_BYTES,
  });
};

/** A server whose database `millrace` is migrated and then left alone, to be copied. */
const startTestPostgres = async (folder: string): Promise<RunningPostgres> => {
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), maxConnections: CONNECTIONS_MAX });
  const template = openReadModel({
    url: postgres.urlOf(TEMPLATE_DATABASE),
    poolMax: 1,
    applicationName: 'test template',
  });
  try {
    await migrate(template);
  } finally {
    await template.close();
  }
  return postgres;
};

/** One nats-server and one Postgres, on free ports, in a folder of their own, as durable as in production. */
export const startTestServers = async (): Promise<RunningTestServers> => {
  sweepTempFolders();
  const folder = makeTempFolder('servers');
  const claimsDir = join(folder, 'claims');
  mkdirSync(claimsDir);
  const [nats, postgres] = await Promise.all([startTestNats(folder), startTestPostgres(folder)]);
  return {
    natsUrls: Object.fromEntries(accounts.map((account) => [account, nats.urlOf(account)])),
    postgresUrl: postgres.urlOf('postgres'),
    claimsDir,
    stop: async () => {
      await Promise.all([nats.stop(), postgres.stop()]);
    },
  };
};
