import { messagingSubject } from '@millrace/contracts';
import { type SchedulerState, whyOf } from '@millrace/domain';
import { type Listening, type LogConnection, respond } from '@millrace/eventlog';
import { AppError, type Clock } from '@millrace/kernel';

export interface WhyDeps {
  readonly connection: LogConnection;
  readonly shard: number;
  readonly state: SchedulerState;
  readonly clock: Clock;
  /** False while somebody else may lead: then nobody gets an answer. */
  readonly isTrusted: () => boolean;
}

/** Tells whoever asks why a run waits. */
export const answerWhy = ({ connection, shard, state, clock, isTrusted }: WhyDeps): Listening =>
  respond(connection, messagingSubject.why(shard), async (runId) => {
    if (!isTrusted()) throw new AppError('unavailable', 'scheduler.in_doubt', 'another leader may be there');
    return JSON.stringify(whyOf(state, runId, { monotonicMs: clock.monotonic() }) ?? { unknown: true });
  });
