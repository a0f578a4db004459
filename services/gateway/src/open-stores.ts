import {
  type Catalog,
  type LogConnection,
  openCatalog,
  openSecrets,
  openTokens,
  openTriggerStates,
  openVersions,
  type SecretStore,
  type TokenStore,
  type TriggerStates,
  type Versions,
} from '@millrace/eventlog';
import { type ServiceScope } from '@millrace/runtime';
import { type KeyRing, openSecretValues, type SecretValues } from '@millrace/secrets';

export interface Stores {
  readonly catalog: Catalog;
  readonly tokens: TokenStore;
  readonly versions: Versions;
  readonly secrets: SecretStore;
  readonly secretValues: SecretValues;
  readonly triggerStates: TriggerStates;
}

/** Workflows, tokens and secrets, loaded: a gateway that does not know them yet would refuse everyone. */
export const openStores = async (
  connection: LogConnection,
  ring: KeyRing,
  { defer, log }: Pick<ServiceScope, 'defer' | 'log'>,
): Promise<Stores> => {
  const catalog = openCatalog(connection);
  defer('catalog', catalog.close);
  const tokens = openTokens(connection);
  defer('tokens', tokens.close);
  const versions = openVersions(connection);
  defer('versions', versions.close);
  const secrets = openSecrets(connection);
  defer('secrets', secrets.close);
  const triggerStates = openTriggerStates(connection);
  defer('trigger states', triggerStates.close);
  const secretValues = openSecretValues(connection, { ring, log, store: secrets });
  await Promise.all([catalog.ready, tokens.ready, versions.ready, secrets.ready, triggerStates.ready]);
  return { catalog, tokens, versions, secrets, secretValues, triggerStates };
};
