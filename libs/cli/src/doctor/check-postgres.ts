import { shardsUpTo } from '@millrace/contracts';
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

const lagFinding = (lastSequences: readonly number[] | undefined, anchors: readonly ProjectedAnchor[]): Finding => {
  const projected = anchors.map(({ sequence }) => sequence).join(', ');
  if (lastSequences === undefined)
    return warn('projector', `at ${projected}; the end of the log is unknown`, 'repair nats first');
  const behind = anchors.reduce(
    (sum, { sequence }, shard) => sum + Math.max(0, (lastSequences[shard] ?? 0) - sequence),
    0,
  );
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
  anchors: readonly ProjectedAnchor[],
): Promise<string | undefined> => {
  const connection = await connectLog({ url: natsUrl, name: 'millrace-doctor' });
  try {
    for (const [shard, runs] of anchors.entries()) {
      const output = await projectedAnchor(readModel, shard, 'output');
      const finding =
        (await logContradiction(connection, shard, runs)) ?? (await outputContradiction(connection, output, shard));
      if (finding !== undefined) return finding;
    }
    return undefined;
  } finally {
    await connection.close();
  }
};

export interface PostgresPlaces {
  readonly databaseUrl: string;
  readonly natsUrl: string;
  /** Where the logs end, by shard; `undefined` when they cannot be read. */
  readonly lastSequences: readonly number[] | undefined;
}

/** Whether the read models can be read, belong to this log, and how far behind it they are. */
export const checkPostgres = async ({
  databaseUrl: url,
  natsUrl,
  lastSequences,
}: PostgresPlaces): Promise<readonly Finding[]> => {
  const readModel = openReadModel({ url, poolMax: 1, applicationName: 'millrace-doctor', access: 'read' });
  try {
    const settings = settingsFinding(await readServerSettings(readModel));
    const shards = shardsUpTo(lastSequences?.length ?? 1);
    const anchors = await Promise.all(shards.map((shard) => projectedAnchor(readModel, shard)));
    const finding = lastSequences === undefined ? undefined : await findOtherLog(readModel, natsUrl, anchors);
    return [settings, finding === undefined ? lagFinding(lastSequences, anchors) : otherLog(finding)];
  } catch (error) {
    const fix = 'requests are accepted and run without it; start it, or check DATABASE_URL';
    return [fail('postgres', messageOf(error), fix)];
  } finally {
    await readModel.close();
  }
};
