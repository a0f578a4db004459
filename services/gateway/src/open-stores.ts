import { type Catalog, type LogConnection, openCatalog, openTokens, type TokenStore } from '@millrace/eventlog';
import { type ServiceScope } from '@millrace/runtime';

/** Workflows and tokens, loaded: a gateway that does not know them yet would refuse everyone. */
export const openStores = async (
  connection: LogConnection,
  defer: ServiceScope['defer'],
): Promise<{ readonly catalog: Catalog; readonly tokens: TokenStore }> => {
  const catalog = openCatalog(connection);
  defer('catalog', catalog.close);
  const tokens = openTokens(connection);
  defer('tokens', tokens.close);
  await Promise.all([catalog.ready, tokens.ready]);
  return { catalog, tokens };
};
