import { AppError } from '@millrace/kernel';
import { type RunEvent, type RunPolicy, type RunResult } from '@millrace/contracts';
import { type LogConnection } from '@millrace/eventlog';
import { findRun, type ReadModel } from '@millrace/read-model';
import { ADMISSION_WORD_MS } from '../limits.ts';
import { awaitOutcome, resultOfReply } from '../waiting/await-outcome.ts';
import { type EndedRuns } from '../waiting/ended-runs.ts';
import { type Expectation, type ReplyWaiters } from '../waiting/reply-waiters.ts';
import { isOver, resultOfRun } from '../views/run-views.ts';
import { type AcceptedRun, type RequestRun, type RunRequest } from './request-run.ts';

export interface StartedRun extends AcceptedRun {
  /** The outcome, when the caller waited long enough. */
  readonly result?: RunResult;
}

export interface StartOptions {
  /** How long the caller wants to wait for the outcome, in milliseconds; 0 when it does not. */
  readonly waitMs: number;
  /** Asked for only when there is something to wait for: ends every wait, because the caller is gone, or the gateway is. */
  readonly signal: () => AbortSignal;
}

/**
 * Records a request and, where asked, waits for its outcome.
 *
 * @throws AppError as `RequestRun`; `over_limit` `run.over_limit` when the limit is reached and requests are rejected there,
 * `wait.too_many` when too many callers wait already.
 */
export type StartRun = (request: Omit<RunRequest, 'waits' | 'onRunId'>, options: StartOptions) => Promise<StartedRun>;

export interface StartRunDeps {
  readonly requestRun: RequestRun;
  readonly waiters: ReplyWaiters;
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
  readonly ended: EndedRuns;
  /** The limit that a rejected caller is told. */
  readonly runsMax: number;
}

const firstWord = async (expectation: Expectation, signal: AbortSignal): Promise<RunEvent | undefined> => {
  const timeUp = Promise.withResolvers<undefined>();
  const giveUp = (): void => timeUp.resolve(undefined);
  const timer = setTimeout(giveUp, ADMISSION_WORD_MS);
  signal.addEventListener('abort', giveUp, { once: true });
  const word = await Promise.race([expectation.next(), timeUp.promise]);
  clearTimeout(timer);
  signal.removeEventListener('abort', giveUp);
  return word;
};

export const makeStartRun = (deps: StartRunDeps): StartRun => {
  const { requestRun, waiters, connection, readModel, runsMax } = deps;

  const look = async (runId: string): Promise<RunResult | undefined> => {
    const row = await findRun(readModel, runId);
    return row !== undefined && isOver(row) ? resultOfRun(row) : undefined;
  };

  const onGap = (listener: () => void): (() => void) =>
    connection.onStatus((status) => {
      if (status === 'connected') listener();
    });

  const refuseRejected = (word: RunEvent | undefined, { concurrency = runsMax }: RunPolicy): void => {
    if (word?.type !== 'dev.millrace.run.rejected.v1') return;
    throw new AppError('over_limit', 'run.over_limit', word.data.error.message, {
      retryAfterSeconds: 1,
      details: { run_id: word.subject, max: Math.min(concurrency, runsMax) },
    });
  };

  const settle = async (run: AcceptedRun, expectation: Expectation, options: StartOptions): Promise<StartedRun> => {
    const { waitMs } = options;
    const signal = options.signal();
    const isFirst = run.outcome === 'recorded';
    const word = run.policy.onLimit === 'reject' && isFirst ? await firstWord(expectation, signal) : undefined;
    refuseRejected(word, run.policy);
    const known = word === undefined ? undefined : resultOfReply(word);
    if (known !== undefined || waitMs === 0) return { ...run, ...(known === undefined ? {} : { result: known }) };
    const source = isFirst ? 'reply' : 'poll';
    const wait = { expectation, timeoutMs: waitMs, signal, look: () => look(run.runId), onGap, source } as const;
    const result = await awaitOutcome(wait);
    return result === undefined ? run : { ...run, result };
  };

  return async (request, options) => {
    let expectation: Expectation | undefined;
    const waits = options.waitMs > 0;
    const expect = (runId: string): void => {
      expectation = waiters.expect(runId);
    };
    try {
      const run = await requestRun({ ...request, waits, onRunId: expect });
      if (expectation === undefined) return run;
      const settled = await settle(run, expectation, options);
      if (settled.result !== undefined) deps.ended.remember(run.runId);
      return settled;
    } finally {
      expectation?.close();
    }
  };
};
