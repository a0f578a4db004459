import {
  follow,
  followInbox,
  followOutput,
  type InboxPack,
  type LogConnection,
  type OutputPack,
} from '@millrace/eventlog';
import { type ReadModel, REBUILD_SCHEMA, writeInbox, writeOutput } from '@millrace/read-model';
import { AppError } from '@millrace/kernel';
import { inboxRecordsOf } from '../inbox-projection/inbox-records.ts';
import { outputRecordsOf } from '../output-projection/output-records.ts';
import { projectStretch, stretchesOf } from '../run-projection/project-runs.ts';

/** How far new tables have come. `first` is the first message that was there to be folded. */
export interface Reached {
  readonly first: number | undefined;
  readonly last: number;
  /** When the stream stored the message at `last`; `undefined` when it was not read. */
  readonly storedAt: number | undefined;
}

export interface FoldStep {
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
  readonly shard: number;
  readonly onProgress: (sequence: number) => void;
}

/** Goes on folding a stream into new tables up to and including the message `target`, which must be in the stream. */
export type FoldTo = (step: FoldStep, reached: Reached, target: number) => Promise<Reached>;

/** The log, into `run` and `run_event`. */
export const foldRunsTo: FoldTo = async ({ connection, readModel, shard, onProgress }, reached, target) => {
  let { first, last, storedAt } = reached;
  if (last >= target) return reached;
  const ending = new AbortController();
  for await (const commits of follow(connection, { shard, fromSequence: last + 1, signal: ending.signal })) {
    first ??= commits[0]?.sequence;
    const wanted = commits.filter(({ sequence }) => sequence <= target);
    for (const stretch of stretchesOf(wanted, () => undefined)) {
      await projectStretch({ readModel, shard, schema: REBUILD_SCHEMA }, stretch, last);
      ({ to: last, storedAt } = stretch);
      onProgress(last);
    }
    if ((commits.at(-1)?.sequence ?? 0) >= target) break;
  }
  return { first, last: target, storedAt: last === target ? storedAt : undefined };
};

/** Writes packs that follow on `from`; resolves with how far that is. */
const writePacks = async (
  { readModel, shard, onProgress }: FoldStep,
  packs: readonly OutputPack[],
  from: Reached,
): Promise<Reached> => {
  const newest = packs.at(-1);
  if (newest === undefined) return from;
  const { sequence: to, storedAt } = newest;
  const batch = { shard, from: from.last, to, storedAt, chunks: outputRecordsOf(packs) };
  const outcome = await writeOutput(readModel, batch, REBUILD_SCHEMA);
  if (outcome === 'moved') throw new AppError('conflict', 'rebuild.moved', 'somebody else writes the new tables');
  onProgress(to);
  return { ...from, last: to, storedAt };
};

/** The stream `LOGS`, into `run_output`. */
export const foldOutputTo: FoldTo = async (step, reached, target) => {
  const { connection, shard } = step;
  let at = reached;
  if (at.last >= target) return at;
  const ending = new AbortController();
  for await (const packs of followOutput(connection, { shard, fromSequence: at.last + 1, signal: ending.signal })) {
    const wanted = packs.filter(({ sequence }) => sequence <= target);
    at = await writePacks(step, wanted, { ...at, first: at.first ?? packs[0]?.sequence });
    if ((packs.at(-1)?.sequence ?? 0) >= target) break;
  }
  return { ...at, last: target, storedAt: at.last === target ? at.storedAt : undefined };
};

const writeRequests = async (
  { readModel, shard, onProgress }: FoldStep,
  packs: readonly InboxPack[],
  from: Reached,
): Promise<Reached> => {
  const newest = packs.at(-1);
  if (newest === undefined) return from;
  const { sequence: to, storedAt } = newest;
  const batch = { shard, from: from.last, to, storedAt, requests: inboxRecordsOf(packs) };
  const outcome = await writeInbox(readModel, batch, REBUILD_SCHEMA);
  if (outcome === 'moved') throw new AppError('conflict', 'rebuild.moved', 'somebody else writes the new tables');
  onProgress(to);
  return { ...from, last: to, storedAt };
};

/** The stream `REQUESTS`, into `inbox_request`. What it no longer holds is not kept: the live table is pruned in the same way. */
export const foldInboxTo: FoldTo = async (step, reached, target) => {
  const { connection, shard } = step;
  let at = reached;
  if (at.last >= target) return at;
  const ending = new AbortController();
  for await (const packs of followInbox(connection, { shard, fromSequence: at.last + 1, signal: ending.signal })) {
    const wanted = packs.filter(({ sequence }) => sequence <= target);
    at = await writeRequests(step, wanted, { ...at, first: at.first ?? packs[0]?.sequence });
    if ((packs.at(-1)?.sequence ?? 0) >= target) break;
  }
  return { ...at, last: target, storedAt: at.last === target ? at.storedAt : undefined };
};
