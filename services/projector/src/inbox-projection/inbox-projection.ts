import { AppError, MINUTE } from '@millrace/kernel';
import { followInbox, inboxBounds, type InboxPack } from '@millrace/eventlog';
import { migrate, projectedAnchor, pruneInbox, writeInbox } from '@millrace/read-model';
import { type OutputProjectionDeps } from '../output-projection/output-projection.ts';
import { checkSameInbox } from '../same-log.ts';
import { inboxRecordsOf } from './inbox-records.ts';

/** How often rows are removed that the stream no longer holds. */
const PRUNE_INTERVAL = MINUTE;

/** One session of the requests projection: from the stored position until the signal aborts or something fails. */
export const followRequests = async (deps: OutputProjectionDeps, onStep: () => void): Promise<void> => {
  const { connection, readModel, shard, metrics, signal } = deps;
  await migrate(readModel);
  const anchor = await projectedAnchor(readModel, shard, 'requests');
  await checkSameInbox(deps, anchor);
  let position = anchor.sequence;

  const prune = async (): Promise<void> => pruneInbox(readModel, (await inboxBounds(connection)).first);
  const write = async (packs: readonly InboxPack[]): Promise<void> => {
    const last = packs.at(-1);
    if (last === undefined) return;
    const begin = performance.now();
    const requests = inboxRecordsOf(packs);
    const { sequence: to, storedAt } = last;
    const outcome = await writeInbox(readModel, { shard, from: position, to, storedAt, requests });
    if (outcome === 'moved')
      throw new AppError('conflict', 'projection.moved', 'another projector writes the requests');
    position = to;
    metrics.projected('requests', position, shard);
    metrics.batch('requests', requests.length, (performance.now() - begin) / 1_000);
    onStep();
  };

  await prune();
  onStep();
  // Tried again in a minute; a session of its own would be no better.
  const pruning = setInterval(() => void prune().catch(() => undefined), PRUNE_INTERVAL);
  try {
    const options = { shard, fromSequence: position + 1, anchor, signal };
    for await (const packs of followInbox(connection, options)) await write(packs);
  } finally {
    clearInterval(pruning);
  }
};
