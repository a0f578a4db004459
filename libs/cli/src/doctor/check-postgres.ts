import { DEFAULT_SHARD } from '@millrace/contracts';
import { messageOf } from '@millrace/kernel';
import { connectLog, logContradiction, outputContradiction } from '@millrace/eventlog';
import {
  openReadModel,
  type ProjectedAnchor,
  projectedAnchor,
  type ReadModel,
  readServerSettings,
  type ServerSettings,
} from '@millrace/read-model';
import { fail, type Finding, ok, warn } from './finding.ts';

const CONNECTIONS_SHARE_MAX = 0.8;
const LAG_MAX = 1_000;

const settingsFinding = ({ version, fsync, connectionsMax, connectionsNow }: ServerSettings): Finding => {
  const detail = `PostgreSQL ${version}, ${connectionsNow} of ${connectionsMax} connections`;
  if (connectionsNow > connectionsMax * CONNECTIONS_SHARE_MAX) return warn('postgres', detail, 'raise max_connections');
  if (fsync === 'off')
    return warn('postgres', `${detail}, fsync is off`, 'after a crash of the machine: millrace projector rebuild');
  return ok('postgres', detail);
};

const lagFinding = (lastSequence: number | undefined, projected: number): Finding => {
  if (lastSequence === undefined)
    return warn('projector', `at ${projected}; the end of the log is unknown`, 'repair nats first');
  const behind = Math.max(0, lastSequence - projected);
  if (behind <= LAG_MAX)
    return ok('projector', behind === 0 ? `at the end of the log, ${projected}` : `${behind} commits behind`);
  return warn(
    'projector',
    `${behind} commits behind`,
    'wait for it; when it does not come nearer, look at the log of the projector',
  );
};

const otherLog = (finding: string): Finding =>
  fail(
    'projector',
    `the rows were folded from another log, which was replaced or cut short, and new runs are not visible: ${finding}`,
    'rebuild them: millrace projector rebuild',
  );

/** What speaks against the rows being folded from the log and the output that are there. */
const findOtherLog = async (
  readModel: ReadModel,
  natsUrl: string,
  runs: ProjectedAnchor,
): Promise<string | undefined> => {
  const connection = await connectLog({ url: natsUrl, name: 'millrace-doctor' });
  try {
    const output = await projectedAnchor(readModel, DEFAULT_SHARD, 'output');
    return (await logContradiction(connection, DEFAULT_SHARD, runs)) ?? (await outputContradiction(connection, output));
  } finally {
    await connection.close();
  }
};

export interface PostgresPlaces {
  readonly databaseUrl: string;
  readonly natsUrl: string;
  /** Where the log ends; `undefined` when it cannot be read. */
  readonly lastSequence: number | undefined;
}

/** Whether the read models can be read, belong to this log, and how far behind it they are. */
export const checkPostgres = async ({
  databaseUrl: url,
  natsUrl,
  lastSequence,
}: PostgresPlaces): Promise<readonly Finding[]> => {
  const readModel = openReadModel({ url, poolMax: 1, applicationName: 'millrace-doctor', access: 'read' });
  try {
    const settings = settingsFinding(await readServerSettings(readModel));
    const anchor = await projectedAnchor(readModel, DEFAULT_SHARD);
    const finding = lastSequence === undefined ? undefined : await findOtherLog(readModel, natsUrl, anchor);
    return [settings, finding === undefined ? lagFinding(lastSequence, anchor.sequence) : otherLog(finding)];
  } catch (error) {
    const fix = 'requests are accepted and run without it; start it, or check DATABASE_URL';
    return [fail('postgres', messageOf(error), fix)];
  } finally {
    await readModel.close();
  }
};
