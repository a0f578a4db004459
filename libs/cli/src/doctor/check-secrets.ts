import { statSync } from 'node:fs';
import { join } from 'node:path';
import { AuthError, type MillraceClient } from '@millrace/client';
import { MASTER_KEY_FILE } from '@millrace/embedded';
import { messageOf } from '@millrace/kernel';
import { isOpenToOthers } from '@millrace/secrets';
import { type Environment } from '../server/find-server.ts';
import { fail, type Finding, ok, warn } from './finding.ts';

const KEY = 'master key';
const SECRETS = 'secrets';

/** Whether others than the server may read the master key. */
export const checkMasterKey = (env: Environment, dataDir: string): Finding => {
  if ((env['MILLRACE_MASTER_KEY'] ?? '') !== '') return ok(KEY, 'from MILLRACE_MASTER_KEY');
  const configured = env['MILLRACE_MASTER_KEY_FILE'] ?? '';
  const path = configured === '' ? join(dataDir, MASTER_KEY_FILE) : configured;
  if (statSync(path, { throwIfNoEntry: false }) === undefined)
    return ok(KEY, `${path} is not there: another file is configured`);
  if (isOpenToOthers(path)) return fail(KEY, `others may read ${path}`, `chmod 600 ${path}; then consider another key`);
  return ok(KEY, `only its owner may read ${path}`);
};

/** Whether the server can open every secret; asks the server, which knows its keys. */
export const checkSecrets = async (client: MillraceClient): Promise<readonly Finding[]> => {
  try {
    const secrets = await client.secrets.list();
    const sealed = secrets.filter(({ values }) => values.some(({ fingerprint }) => fingerprint === undefined));
    if (sealed.length === 0) return [ok(SECRETS, `${secrets.length} set`)];
    const names = sealed.map(({ name }) => name).join(', ');
    const fix = 'millrace secret rekey --old-key-file <file>, or set them again';
    return [fail(SECRETS, `no master key of the server opens: ${names}`, fix)];
  } catch (error) {
    // Only an admin may list them; whether that is so says nothing about the server.
    if (error instanceof AuthError) return [];
    return [warn(SECRETS, messageOf(error), 'look at the log of the gateway')];
  }
};
