import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { deployFolder, type DeployReport, readWorkflow, scanFolder } from '@millrace/deploy';
import { connectLog, openBundles, openCatalog } from '@millrace/eventlog';
import { readServerConfig, systemClock } from '@millrace/runtime';
import { type CliContext, type CommonFlags } from '../context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { type Screen } from '../output/screen.ts';
import { findServerFile } from '../server/find-server.ts';
import { problemText } from './tasks.ts';

export interface DeployFlags extends CommonFlags {
  readonly check?: boolean;
}

/** Compiles everything and stores nothing; needs no server. */
const checkFolder = async (folder: string): Promise<DeployReport> => {
  const { sources, misplaced } = await scanFolder(folder);
  const at = new Date().toISOString();
  const readings = await Promise.all(
    sources.map(async ({ path, ...source }) => ({
      path,
      reading: await readWorkflow({ path, ...source }),
    })),
  );
  return {
    deployed: [],
    unchanged: readings.flatMap(({ path, reading }) => (reading.outcome === 'ready' ? [path] : [])),
    removed: [],
    problems: [
      ...readings.flatMap(({ reading }) =>
        reading.outcome === 'refused' ? reading.faults.map((fault) => ({ ...fault, at })) : [],
      ),
      ...misplaced.map(({ fault }) => ({ ...fault, at })),
    ],
  };
};

interface StoreOptions {
  readonly folder: string;
  readonly source: string;
}

const storeFolder = async (options: StoreOptions, natsUrl: string): Promise<DeployReport> => {
  await using cleanup = new AsyncDisposableStack();
  const connection = await connectLog({ url: natsUrl, name: 'millrace-deploy' });
  cleanup.defer(() => connection.close());
  const catalog = openCatalog(connection);
  cleanup.defer(() => catalog.close());
  await catalog.ready;
  return await deployFolder({ ...options, catalog, bundles: openBundles(connection), clock: systemClock });
};

const showReport = (report: DeployReport, folder: string, screen: Screen): void => {
  for (const { path, version } of report.deployed) screen.data(`deployed ${path} ${version.slice(0, 8)}`);
  for (const path of report.removed) screen.data(`removed ${path}`);
  for (const problem of report.problems)
    screen.complain(
      screen.paint('red', problemText({ ...problem, file: relative(process.cwd(), resolve(folder, problem.file)) })),
    );
  const counts = [
    `${report.deployed.length} deployed`,
    `${report.unchanged.length} unchanged`,
    `${report.removed.length} removed`,
    `${report.problems.length} refused`,
  ];
  screen.say(counts.join(', '));
};

const natsUrlOf = (context: CliContext): string => {
  const configured = context.env['NATS_URL'] ?? '';
  const url = configured === '' ? findServerFile(context.env, context.cwd)?.file.natsUrl : configured;
  if (url !== undefined && url !== '') return url;
  throw new CommandError(
    EXIT.unavailable,
    'no server found: no .millrace/server.json here or in a folder above, and NATS_URL is not set',
    'start one with: millrace serve',
    'or only check the files: millrace deploy --check',
  );
};

export async function deploy(this: CliContext, flags: DeployFlags, folder?: string): Promise<void> {
  const { server } = readServerConfig({ env: this.env, cwd: this.cwd });
  const from = folder === undefined ? server.workflows : resolve(this.cwd, folder);
  if (!existsSync(from))
    throw new CommandError(EXIT.usage, `there is no folder ${from}`, 'name one: millrace deploy <folder>');
  // Another folder stands beside the server's own: neither removes what the other has deployed.
  const source = from === server.workflows ? 'server' : 'cli';
  const report =
    flags.check === true ? await checkFolder(from) : await storeFolder({ folder: from, source }, natsUrlOf(this));
  const screen = this.screen(flags);
  if (flags.json === true) screen.json(report, 'one-line');
  else showReport(report, from, screen);
  this.endWith(report.problems.length === 0 ? EXIT.ok : EXIT.failed);
}
