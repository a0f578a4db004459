import {
  EXECUTOR_POOLS_MAX,
  type Heartbeat,
  type HeartbeatAnswer,
  messagingSubject,
  POOL_PATTERN,
} from '@millrace/contracts';
import { executorOf, hear, type SchedulerState } from '@millrace/domain';
import { type Listening, type LogConnection, publish, respond } from '@millrace/eventlog';
import { AppError, type Clock } from '@millrace/kernel';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

const HeartbeatSchema = Type.Object({
  executor: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
  slots: Type.Integer({ minimum: 0, maximum: 100_000 }),
  pools: Type.Optional(
    Type.Array(Type.String({ pattern: POOL_PATTERN }), { minItems: 1, maxItems: EXECUTOR_POOLS_MAX }),
  ),
  draining: Type.Boolean(),
  held: Type.Array(Type.Object({ runId: Type.String(), attempt: Type.Integer({ minimum: 1 }) })),
});
const heartbeats = Compile(HeartbeatSchema);

const parseHeartbeat = (text: string): Heartbeat => {
  const value: unknown = JSON.parse(text);
  if (!heartbeats.Check(value)) throw new AppError('invalid', 'heartbeat.invalid', 'this is no heartbeat');
  return value satisfies Static<typeof HeartbeatSchema>;
};

export interface ExecutorsDeps {
  readonly connection: LogConnection;
  readonly shard: number;
  readonly state: SchedulerState;
  readonly clock: Clock;
  /** False while somebody else may lead: then nobody gets an answer. */
  readonly isTrusted: () => boolean;
  /** Slots may have come or gone. */
  readonly onHeard: () => void;
}

/** Answers the heartbeats of the shard's executors. */
export const answerHeartbeats = ({ connection, shard, state, clock, isTrusted, onHeard }: ExecutorsDeps): Listening =>
  respond(connection, messagingSubject.heartbeat(shard), async (text) => {
    const beat = parseHeartbeat(text);
    if (!isTrusted()) throw new AppError('unavailable', 'scheduler.in_doubt', 'another leader may be there');
    const answer: HeartbeatAnswer = hear(state, beat, clock.monotonic());
    onHeard();
    return JSON.stringify(answer);
  });

/** Tells the executor that holds the run that it shall be cancelled; a hint, which its heartbeats repeat. */
export const hintCancel = (connection: LogConnection, state: SchedulerState, runId: string): void => {
  const executor = executorOf(state, runId);
  if (executor !== undefined) publish(connection, messagingSubject.cancel(executor), runId);
};
