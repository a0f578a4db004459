import { failpoint } from '@millrace/kernel';
import { messagingSubject } from '@millrace/contracts';
import { follow, type LogConnection, publish } from '@millrace/eventlog';
import { migrate, projectedAnchor, type ReadModel } from '@millrace/read-model';
import { type ProjectorMetrics } from '../projector-metrics.ts';
import { type LogEndedRuns } from './log-ended-runs.ts';
import { checkSameLog } from '../same-log.ts';
import { makeFindMissing, type MissingCommits } from './missing-commits.ts';
import { type ProjectSpans } from './project-spans.ts';
import { projectStretch, type Stretch, stretchesOf } from './project-runs.ts';
import { type UnusableEntry } from './recorded-event.ts';

export interface RunProjectionDeps {
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
  readonly shard: number;
  readonly signal: AbortSignal;
  readonly metrics: ProjectorMetrics;
  readonly onUnusable: (entry: UnusableEntry) => void;
  readonly onMissing: (commits: MissingCommits) => void;
  readonly spans: ProjectSpans;
  readonly logEnded: LogEndedRuns;
}

const secondsSince = (begin: number): number => (performance.now() - begin) / 1_000;

/** One session of the run projection: from the stored position until the signal aborts or something fails. */
export const followRuns = async (deps: RunProjectionDeps, onStep: () => void): Promise<void> => {
  const { connection, readModel, shard, metrics, signal } = deps;
  await migrate(readModel);
  const anchor = await projectedAnchor(readModel, shard);
  await checkSameLog(deps, anchor);
  let position = anchor.sequence;
  metrics.projected('runs', position, shard);
  onStep();

  const write = async (stretch: Stretch): Promise<void> => {
    const begin = performance.now();
    const ended = await projectStretch({ readModel, shard }, stretch, position);
    failpoint('projector.after-transaction');
    position = stretch.to;
    metrics.projected('runs', position, shard);
    metrics.batch('runs', stretch.recorded.length, secondsSince(begin));
    publish(connection, messagingSubject.projected(shard), String(position));
    deps.spans.emit(stretch.recorded);
    deps.logEnded(ended);
    onStep();
  };

  // One stretch is being written while the next is read and decoded; a failure surfaces when the next one waits for it.
  // No further commit may ever come, so a failure must also end the following by itself.
  const failed = new AbortController();
  const following = AbortSignal.any([signal, failed.signal]);
  let writing = Promise.resolve();
  const findMissing = makeFindMissing(position);
  for await (const commits of follow(connection, { shard, fromSequence: position + 1, anchor, signal: following })) {
    findMissing(commits).forEach(deps.onMissing);
    for (const stretch of stretchesOf(commits, deps.onUnusable)) {
      await writing;
      writing = write(stretch);
      writing.catch(() => failed.abort());
    }
  }
  await writing;
};
