import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Environment, type ServerConfig } from '@millrace/runtime';
import { parseKeyRing, readKeyFile } from '@millrace/secrets';
import { keepSecret } from './kept-secret.ts';

const KEY_BYTES = 32;

/** In the data folder, when no other file and no key is configured. */
export const MASTER_KEY_FILE = 'master-key';

/** How a service that opens secrets gets the master key: as the text that was given, or as the file that holds it. */
export type MasterKeyEnvironment =
  { readonly MILLRACE_MASTER_KEY: string } | { readonly MILLRACE_MASTER_KEY_FILE: string };

/**
 * The configured master key, or one that the first start makes and `master-key` keeps, mode 0600.
 *
 * @throws AppError `invalid` `secret.master_key` when what is configured is no key.
 */
export const ensureMasterKey = async (config: ServerConfig, env: Environment): Promise<MasterKeyEnvironment> => {
  const text = env['MILLRACE_MASTER_KEY'] ?? '';
  if (text !== '') {
    parseKeyRing(text, 'MILLRACE_MASTER_KEY');
    return { MILLRACE_MASTER_KEY: text };
  }
  const own = join(config.server.dataDir, MASTER_KEY_FILE);
  const file = config.secrets.masterKeyFile ?? own;
  if (file === own) await keepSecret(own, () => randomBytes(KEY_BYTES).toString('base64'));
  readKeyFile(file);
  return { MILLRACE_MASTER_KEY_FILE: file };
};
