import { join } from 'node:path';
import { MASTER_KEY_FILE } from '@millrace/embedded';
import { webhookSecretPlace } from '@millrace/contracts';
import {
  connectLog,
  openSecrets,
  openWebhookEndpoints,
  type SecretStore,
  type WebhookEndpoints,
} from '@millrace/eventlog';
import { type KeyRing, loadKeyRing, type MasterKey, readKeyFile, resealSecret, resealValue } from '@millrace/secrets';
import { type CliContext, type CommonFlags } from '../context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { findServerFile } from '../server/find-server.ts';

export interface RekeyFlags extends CommonFlags {
  readonly oldKeyFile?: string;
  readonly keyFile?: string;
}

/** The key under which everything shall be: the one named, else the server's. */
const newRing = ({ env, cwd }: CliContext, { keyFile }: RekeyFlags): KeyRing => {
  if (keyFile !== undefined) return readKeyFile(keyFile);
  const given = loadKeyRing(env);
  if (given.current !== undefined) return given;
  const dataDir = findServerFile(env, cwd)?.dataDir;
  if (dataDir !== undefined) return readKeyFile(join(dataDir, MASTER_KEY_FILE));
  throw new CommandError(
    EXIT.usage,
    'no master key found',
    'name its file with --key-file or MILLRACE_MASTER_KEY_FILE',
  );
};

const natsUrlOf = ({ env, cwd }: CliContext): string => {
  const url = env['NATS_URL'] ?? findServerFile(env, cwd)?.file.natsUrl;
  if (url !== undefined) return url;
  const what = 'no server found: no .millrace/server.json here or in a folder above, nor NATS_URL';
  throw new CommandError(EXIT.unavailable, what, 'start one with: millrace serve');
};

interface Report {
  /** Values that are under the new key now and were not before. */
  readonly resealed: number;
  /** Names of secrets, and ids of webhooks, with values that neither key opens. */
  readonly unopened: readonly string[];
}

const resealAll = async (store: SecretStore, ring: KeyRing, key: MasterKey): Promise<Report> => {
  let resealed = 0;
  const unopened: string[] = [];
  for (const { workspace, name, values } of store.list()) {
    if (values.every(({ keyId }) => keyId === key.id)) continue;
    let result = { resealed: 0, unopened: 0 };
    await store.change(workspace, name, (current) => {
      if (current === undefined)
        throw new CommandError(EXIT.failed, `${name} was removed meanwhile`, 'repeat the command');
      const { record, ...counts } = resealSecret(current, ring, key);
      result = counts;
      return record;
    });
    resealed += result.resealed;
    if (result.unopened > 0) unopened.push(name);
  }
  return { resealed, unopened };
};

/** The signing secrets of webhooks are sealed under the same key. */
const resealWebhooks = async (endpoints: WebhookEndpoints, ring: KeyRing, key: MasterKey): Promise<Report> => {
  let resealed = 0;
  const unopened: string[] = [];
  for (const { id, secret } of endpoints.list()) {
    if (secret.keyId === key.id) continue;
    const again = resealValue(secret, webhookSecretPlace(id), { ring, key });
    if (again === undefined) {
      unopened.push(id);
      continue;
    }
    await endpoints.change(id, (current) => ({ ...current, secret: again }));
    resealed += 1;
  }
  return { resealed, unopened };
};

/** Seals every value under the current master key. Talks to NATS, so that no key travels over HTTP. Safe to repeat. */
export async function rekeySecrets(this: CliContext, flags: RekeyFlags): Promise<void> {
  const screen = this.screen(flags);
  const { current, byId } = newRing(this, flags);
  if (current === undefined) throw new CommandError(EXIT.usage, 'no master key found');
  const old = flags.oldKeyFile === undefined ? [] : readKeyFile(flags.oldKeyFile).byId;
  await using cleanup = new AsyncDisposableStack();
  const connection = await connectLog({ url: natsUrlOf(this), name: 'millrace-rekey' });
  cleanup.defer(() => connection.close());
  const store = openSecrets(connection);
  cleanup.defer(() => store.close());
  const endpoints = openWebhookEndpoints(connection);
  cleanup.defer(() => endpoints.close());
  await Promise.all([store.ready, endpoints.ready]);
  const ring: KeyRing = { current, byId: new Map([...old, ...byId]) };
  const [secrets, webhooks] = [await resealAll(store, ring, current), await resealWebhooks(endpoints, ring, current)];
  const report: Report = {
    resealed: secrets.resealed + webhooks.resealed,
    unopened: [...secrets.unopened, ...webhooks.unopened],
  };
  if (flags.json === true) screen.json({ key_id: current.id, ...report }, 'one-line');
  else {
    screen.say(`${report.resealed} values are sealed under the key ${current.id} now`);
    for (const name of report.unopened) screen.complain(`${name} has values that no key given opens: set it again`);
  }
  if (report.unopened.length > 0) this.endWith(EXIT.failed);
}
