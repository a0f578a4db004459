import { type DeployReport, watchFolder } from '@millrace/deploy';
import { type CatalogEntry } from '@millrace/contracts';
import { type LogConnection, openBundles, openCatalog } from '@millrace/eventlog';
import { messageOf } from '@millrace/kernel';
import { type ServerConfig, systemClock } from '@millrace/runtime';
import { type PlatformParts } from './platform-parts.ts';

export interface Deployment {
  /** What the folder was found to hold first; `undefined` when it could not be read. */
  readonly report: DeployReport | undefined;
  /** All workflows, in the order of their paths. */
  readonly workflows: () => readonly CatalogEntry[];
}

/** Deploys the workflows folder, and goes on doing so whenever it changes. Resolves after the first time. */
export const deployWorkflows = async (
  config: ServerConfig,
  connection: LogConnection,
  parts: PlatformParts,
): Promise<Deployment> => {
  const catalog = openCatalog(connection);
  parts.defer(() => catalog.close());
  await catalog.ready;
  const ending = new AbortController();
  const first = Promise.withResolvers<DeployReport | undefined>();
  let isFirst = true;
  const watching = watchFolder({
    folder: config.server.workflows,
    catalog,
    bundles: openBundles(connection),
    clock: systemClock,
    signal: ending.signal,
    onReport: (report) => {
      if (!isFirst) parts.onEvent({ type: 'deployed', report });
      isFirst = false;
      first.resolve(report);
    },
    onError: (error) => {
      if (isFirst) parts.onEvent({ type: 'warning', message: messageOf(error) });
      isFirst = false;
      first.resolve(undefined);
    },
  });
  parts.defer(async () => {
    ending.abort();
    await watching;
  });
  const workflows = (): readonly CatalogEntry[] =>
    [...catalog.entries().values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { report: await first.promise, workflows };
};
