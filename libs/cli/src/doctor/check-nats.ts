import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  connectLog,
  logBounds,
  openCatalog,
  readRing,
  SERVER_FLOOR,
  type StreamFill,
  streamFills,
} from '@millrace/eventlog';
import { messageOf } from '@millrace/kernel';
import { type ServerFile } from '@millrace/runtime';
import { shardsUpTo } from '@millrace/contracts';
import { safeLine } from '../output/safe-text.ts';
import { fail, type Finding, ok, warn } from './finding.ts';
import { readNatsInfo } from './nats-info.ts';

const FLOOR = `${SERVER_FLOOR.major}.${SERVER_FLOOR.minor}`;

const isNewEnough = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > SERVER_FLOOR.major || (major === SERVER_FLOOR.major && minor >= SERVER_FLOOR.minor);
};

/** Which nats-server answers. */
export const checkNatsServer = async (url: string): Promise<Finding> => {
  try {
    const { version, jetstream } = await readNatsInfo(url);
    if (!isNewEnough(version)) return fail('nats', `nats-server ${version} is too old`, `install ${FLOOR} or newer`);
    if (!jetstream)
      return fail('nats', `nats-server ${version} without JetStream`, 'start it with -js or a jetstream block');
    return ok('nats', `nats-server ${version} with JetStream`);
  } catch (error) {
    return fail('nats', `no answer: ${messageOf(error)}`, 'start it: millrace serve; or check NATS_URL');
  }
};

/** When nats-server tells the disk to keep what it has acknowledged; only the configuration file says it. */
export const checkSync = (dataDir: string): Finding => {
  const name = 'nats sync';
  let text: string;
  try {
    text = readFileSync(join(dataDir, 'nats', 'nats.conf'), 'utf8');
  } catch {
    return warn(
      name,
      'a nats-server of your own: its sync setting cannot be seen from here',
      'set jetstream { sync_interval: always } in its configuration',
    );
  }
  const interval = /sync_interval:\s*"?([^"\s]+)"?/.exec(text)?.[1] ?? 'the default of two minutes';
  if (interval === 'always') return ok(name, 'sync_interval: always; acknowledged means on disk');
  return warn(
    name,
    `sync_interval: ${interval}; a power cut may lose what was acknowledged last`,
    'start with durability = "strict"',
  );
};

/** Whether the services can do on NATS what others of them do: only in the server that was started here each has a user of its own. */
export const checkNatsUsers = (pids: ServerFile['pids']): Finding =>
  pids.nats === undefined
    ? warn(
        'nats users',
        'a nats-server of your own: all services share the user of NATS_URL, and each may do what that user may',
        'run the services by themselves, each with a NATS_URL of its own: docs/security.md, users of NATS',
      )
    : ok('nats users', 'each service has a user of its own, which may do only what it needs');

/** What only a connection tells: the ends of the logs and the problems of the last deploys. */
export interface LogState {
  /** By shard. */
  readonly lastSequences: readonly number[];
  readonly problems: readonly Finding[];
  readonly fills: readonly StreamFill[];
}

export const readLogState = async (url: string): Promise<LogState> => {
  await using cleanup = new AsyncDisposableStack();
  const connection = await connectLog({ url, name: 'millrace-doctor' });
  cleanup.defer(() => connection.close());
  const catalog = openCatalog(connection);
  cleanup.defer(() => catalog.close());
  await catalog.ready;
  const { logs } = await readRing(connection);
  const bounds = await Promise.all(shardsUpTo(logs).map((shard) => logBounds(connection, shard)));
  const fills = await streamFills(connection);
  const entries = [...catalog.entries().values()];
  const problems = entries.flatMap(({ path, problem }) =>
    problem === undefined
      ? []
      : [
          warn(
            'workflow',
            safeLine(`${path} was refused: ${problem.file}:${problem.line ?? 1} ${problem.reason}`),
            'repair the file and save it',
          ),
        ],
  );
  const all = ok('workflows', `${entries.filter(({ current }) => current !== undefined).length} in service`);
  const lastSequences = bounds.map(({ last }) => last);
  return { lastSequences, problems: problems.length === 0 ? [all] : problems, fills };
};
